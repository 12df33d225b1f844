//! Creating a release.

use shipway_api::ReleaseSelector;
use shipway_api::operations::release::CreateRelease;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<CreateRelease>) -> Outcome<CreateRelease> {
    let bundle = it.body.clone();
    // A repeat finds the one that was created first, by its name.
    let selector = ReleaseSelector::Version(bundle.name.clone(), bundle.version.clone());
    it.submit(Command::CreateRelease { id: it.app.runtime.new_release_id(), bundle }).await?;
    Ok(views::release::view(super::find(&it.app.runtime.state(), &selector)?))
}
