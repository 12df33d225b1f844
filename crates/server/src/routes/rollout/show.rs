//! Showing a rollout.

use shipway_api::operations::rollout::ShowRollout;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowRollout>) -> Outcome<ShowRollout> {
    super::shown(&it.app, it.past.as_ref(), it.path.rollout).await
}
