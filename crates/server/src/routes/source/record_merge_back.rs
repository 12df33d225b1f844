//! Recording where a hotfix was found again.

use shipway_api::operations::source::RecordMergeBack;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;
use crate::views;

pub(super) async fn handle(it: Incoming<RecordMergeBack>) -> Outcome<RecordMergeBack> {
    let id = release::find(&it.app.runtime.state(), &it.path.release)?.id;
    it.submit(Command::RecordMergeBack { id, merge_back: it.body.clone() }).await?;
    Ok(views::page::whole(super::owed(&it.app.runtime.state(), it.now())))
}
