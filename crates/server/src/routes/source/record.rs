//! Recording from where a release comes.

use shipway_api::ReleaseSelector;
use shipway_api::operations::source::RecordSources;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;
use crate::views;

pub(super) async fn handle(it: Incoming<RecordSources>) -> Outcome<RecordSources> {
    let id = release::find(&it.app.runtime.state(), &it.path.release)?.id;
    it.submit(Command::RecordSources { id, sources: it.body.sources.clone() }).await?;
    Ok(views::release::view(release::find(&it.app.runtime.state(), &ReleaseSelector::Id(id))?))
}
