//! Sealing a release.

use shipway_api::ReleaseSelector;
use shipway_api::operations::release::SealRelease;
use shipway_engine::Command;

use crate::consumers;
use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<SealRelease>) -> Outcome<SealRelease> {
    let id = super::find(&it.app.runtime.state(), &it.path.release)?.id;
    consumers::note(&it.app, id).await?;
    it.submit(Command::SealRelease { id }).await?;
    Ok(views::release::view(super::find(&it.app.runtime.state(), &ReleaseSelector::Id(id))?))
}
