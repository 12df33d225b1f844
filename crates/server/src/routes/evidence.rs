//! Evidence.

use shipway_api::operations::evidence::{AttachEvidence, ListEvidence, ShowEvidence};
use shipway_api::view::evidence::EvidenceView;
use shipway_engine::Attached;

use crate::router::Routes;

mod attach;
mod list;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<AttachEvidence, _, _>(attach::handle)
        .add::<ListEvidence, _, _>(list::handle)
        .add::<ShowEvidence, _, _>(show::handle)
}

fn view(it: &Attached) -> EvidenceView {
    EvidenceView { id: it.id, evidence: it.evidence.clone(), at: it.at, by: it.by.clone() }
}
