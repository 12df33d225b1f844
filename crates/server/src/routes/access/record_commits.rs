//! Recording who wrote what a release brings.

use shipway_api::operations::access::RecordCommits;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;

pub(super) async fn handle(it: Incoming<RecordCommits>) -> Outcome<RecordCommits> {
    let id = release::find(&it.app.runtime.state(), &it.path.release)?.id;
    it.submit(Command::RecordCommits { id, commits: it.body.commits.clone() }).await?;
    Ok(())
}
