//! Scopes of releases.

use jiff::Timestamp;
use shipway_api::operations::scope::{
    AddScopeItem, ApproveLateItem, DeferScopeItem, FreezeScope, RequestLateItem, ShowScope,
};
use shipway_api::view::scope::ScopeView;
use shipway_api::{Code, ReleaseSelector};
use shipway_engine::{State, scope};
use shipway_model::scope::Planned;

use crate::problem::Failure;
use crate::router::Routes;
use crate::views;

mod add_item;
mod approve_late;
mod defer_item;
mod freeze;
mod request_late;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ShowScope, _, _>(show::handle)
        .add::<FreezeScope, _, _>(freeze::handle)
        .add::<AddScopeItem, _, _>(add_item::handle)
        .add::<DeferScopeItem, _, _>(defer_item::handle)
        .add::<RequestLateItem, _, _>(request_late::handle)
        .add::<ApproveLateItem, _, _>(approve_late::handle)
}

/// The release that is named, which need not be there yet when it is named by name and version.
fn planned(state: &State, selector: &ReleaseSelector) -> Result<Planned, Failure> {
    match selector {
        ReleaseSelector::Version(name, version) => {
            Ok(Planned { name: name.clone(), version: version.clone() })
        }
        ReleaseSelector::Id(_) => {
            let release = super::release::find(state, selector)?;
            Ok(scope::planned(&release.bundle))
        }
    }
}

fn shown(state: &State, planned: &Planned, now: Timestamp) -> Result<ScopeView, Failure> {
    views::scope::view(state, planned, now).ok_or_else(|| {
        Failure::new(Code::UnknownScope, format!("{planned} has no scope"))
            .hint(format!("`shipway release scope freeze {planned} --at INSTANT` gives it one"))
    })
}
