//! ITSM tools that mirror changes.

use shipway_api::operations::itsm::{HearTool, ListMirrored};
use shipway_api::view::itsm::MirroredView;
use shipway_engine::itsm::Kept;
use shipway_model::{ChangeId, Name};

use crate::router::Routes;

mod hear;
mod list;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ListMirrored, _, _>(list::handle).add::<HearTool, _, _>(hear::handle)
}

fn view(change: ChangeId, mirror: &Name, kept: &Kept) -> MirroredView {
    MirroredView {
        change,
        mirror: mirror.clone(),
        number: kept.mirrored.as_ref().map(|it| it.number.clone()),
        reference: kept.mirrored.as_ref().map(|it| it.reference.clone()),
        fault: kept.fault.as_ref().map(|it| it.0.clone()),
        answer: kept.answer.as_ref().map(|it| it.0.clone()),
        answered: kept.answer.as_ref().map(|it| it.1),
    }
}
