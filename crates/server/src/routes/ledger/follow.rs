//! Following all events.

use shipway_api::operations::ledger::FollowEvents;

use crate::feed::{self, Feed};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<FollowEvents>) -> Outcome<FollowEvents> {
    let from = feed::resume_from(&it.headers)?.unwrap_or_else(|| super::head(&it).size);
    Ok(Feed::open(&it.app, None, from)?.until(it.past.as_ref()).into_response())
}
