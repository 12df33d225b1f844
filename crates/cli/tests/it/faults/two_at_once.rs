//! Two rollouts started at once for one environment.

use shipway_api::operations::environment::{EnvironmentPath, ShowQueue};
use shipway_api::operations::rollout::StartRollout;

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended};

#[tokio::test]
async fn go_one_after_the_other() {
    let mut site = Site::start(&["host-a", "host-b"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    site.release("1.2.0", Behaviour::GOOD).await;
    let client = site.client();
    let start = |version| client.call::<StartRollout>((), (), Site::new_rollout(version)).into_future();
    let (one, other) = tokio::join!(start("1.1.0"), start("1.2.0"));
    let (one, other) = (one.expect("it starts").value, other.expect("it queues").value);
    let (first, second) = if one.summary.phase.word() == "queued" { (other, one) } else { (one, other) };
    assert_eq!((first.summary.phase.word(), second.summary.phase.word()), ("running", "queued"));

    let path = EnvironmentPath { environment: "production".parse().expect("a name") };
    let queue = client.call::<ShowQueue>(path, (), ()).await.expect("an answer").value;
    assert_eq!(queue.queued.len(), 1, "{queue:?}");
    let waits = &queue.queued[0];
    assert_eq!((waits.rollout, &waits.behind[..]), (second.summary.id, &[first.summary.id][..]));
    assert!(!waits.why.is_empty() && !waits.until.is_empty(), "{waits:?}");

    let first = site.ended(first.summary.id).await;
    let second = site.ended(second.summary.id).await;
    assert_ended(&first, "succeeded");
    assert_ended(&second, "succeeded");
    assert!(second.summary.started_at.expect("it started") >= first.summary.ended_at.expect("it ended"));
    let version = second.summary.release.version.to_string();
    site.conclude(second.summary.id, &version).await;
}
