//! Following a rollout's events.

use shipway_api::operations::rollout::FollowRollout;
use shipway_model::event::Stream;

use crate::feed::{self, Feed};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<FollowRollout>) -> Outcome<FollowRollout> {
    let id = it.path.rollout;
    super::check_known(&it.state(), id)?;
    let from = feed::resume_from(&it.headers)?.unwrap_or(0);
    Ok(Feed::open(&it.app, Some(Stream::Rollout(id)), from)?.until(it.past.as_ref()).into_response())
}
