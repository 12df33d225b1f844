//! Releases.

use shipway_api::operations::release::{
    AcceptKnownErrors, CreateRelease, DiffReleases, ListReleases, SealRelease, ShowRelease,
};
use shipway_api::{Code, ReleaseSelector};
use shipway_engine::{Release, State};

use crate::problem::Failure;
use crate::router::Routes;

mod accept;
mod create;
mod diff;
mod list;
mod seal;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<CreateRelease, _, _>(create::handle)
        .add::<SealRelease, _, _>(seal::handle)
        .add::<AcceptKnownErrors, _, _>(accept::handle)
        .add::<ListReleases, _, _>(list::handle)
        .add::<ShowRelease, _, _>(show::handle)
        .add::<DiffReleases, _, _>(diff::handle)
}

/// The release that a request names.
pub(crate) fn find<'a>(state: &'a State, selector: &ReleaseSelector) -> Result<&'a Release, Failure> {
    let found = match selector {
        ReleaseSelector::Id(id) => state.releases.get(*id),
        ReleaseSelector::Version(name, version) => state.releases.find(name, version),
    };
    found.ok_or_else(|| {
        Failure::new(Code::UnknownRelease, format!("there is no release {selector}"))
            .hint("`shipway release list` shows those there are")
    })
}
