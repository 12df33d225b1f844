//! Taking on what a release is known to do wrong.

use shipway_api::ReleaseSelector;
use shipway_api::operations::release::AcceptKnownErrors;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<AcceptKnownErrors>) -> Outcome<AcceptKnownErrors> {
    let id = super::find(&it.app.runtime.state(), &it.path.release)?.id;
    it.submit(Command::AcceptKnownErrors { id, note: it.body.note.clone() }).await?;
    Ok(views::release::view(super::find(&it.app.runtime.state(), &ReleaseSelector::Id(id))?))
}
