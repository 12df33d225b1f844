//! A release on its way, as an operator sees and steers it.

use shipway_api::client::Answer;
use shipway_api::operations::environment::{EnvironmentPath, ShowEnvironment, ShowQueue};
use shipway_api::operations::plan::{MakePlan, PlanRequest};
use shipway_api::operations::release::{DiffQuery, DiffReleases, ListReleases, ReleasePath, ReleaseQuery};
use shipway_api::operations::rollout::{
    AbortRollout, ListRollouts, NewRollout, PauseRollout, Reason, ResumeRollout, RolloutPath, RolloutQuery,
    ShowRollout, StartRollout,
};
use shipway_api::view::StepState;
use shipway_api::view::rollout::{Phase, RolloutView};
use shipway_api::view::traffic::TargetCondition;
use shipway_api::{Code, ReleaseSelector};
use shipway_model::Digest;
use shipway_model::event::End;

use crate::agents::work;
use crate::bed::{Bed, FILES};

pub(crate) fn new(release: &ReleaseSelector) -> NewRollout {
    NewRollout { release: release.clone(), environment: "staging".parse().unwrap(), plan_digest: None }
}

async fn started(bed: &Bed, version: &str) -> RolloutView {
    let release = bed.release(version).await;
    bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value
}

fn path(view: &RolloutView) -> RolloutPath {
    RolloutPath { rollout: view.summary.id }
}

fn reason(reason: &str) -> Reason {
    Reason { reason: reason.to_owned() }
}

#[tokio::test]
async fn what_was_planned_is_started_once_and_shown_as_it_stands() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let request = PlanRequest { release: release.clone(), environment: "staging".parse().unwrap() };
    let size = bed.size();
    let planned = bed.admin.call::<MakePlan>((), (), request).await.unwrap().value;
    assert_eq!((bed.size(), planned.plan.digest()), (size, planned.digest));

    let other = NewRollout { plan_digest: Some(Digest::of(b"another plan")), ..new(&release) };
    assert!(bed.admin.call::<StartRollout>((), (), other).await.unwrap_err().is(Code::PlanChanged));
    assert_eq!(bed.size(), size);
    let start = || NewRollout { plan_digest: Some(planned.digest), ..new(&release) };
    let view =
        bed.admin.call::<StartRollout>((), (), start()).idempotency_key("ship it").await.unwrap().value;
    assert_eq!(view.plan_digest, planned.digest);
    assert!(matches!(view.summary.phase, Phase::Running {}), "{:?}", view.summary.phase);
    assert_eq!(view.steps.len(), planned.plan.steps.len());
    assert!(matches!(view.steps[0].state, StepState::Running { attempt: 1, .. }), "{:?}", view.steps[0]);
    assert_eq!(view.targets[0].condition, TargetCondition::Starting);
    assert_eq!(view.targets[0].zone, "a");
    assert!(view.waiting_for.iter().any(|it| it.until.contains("host-a")), "{:?}", view.waiting_for);

    let size = bed.size();
    let again =
        bed.admin.call::<StartRollout>((), (), start()).idempotency_key("ship it").await.unwrap().value;
    assert_eq!((again.summary.id, bed.size()), (view.summary.id, size));
    let reused =
        bed.admin.call::<StartRollout>((), (), new(&release)).idempotency_key("ship it").await.unwrap_err();
    assert!(reused.is(Code::IdempotencyKeyReused), "{reused}");
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn a_verb_that_means_another_state_is_refused() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let view = started(&bed, "1.0.0").await;
    let Answer { etag, value } = bed.admin.call::<ShowRollout>(path(&view), (), ()).await.unwrap();
    let etag = etag.unwrap();
    assert_eq!(value.summary.id, view.summary.id);

    let pause = || bed.admin.call::<PauseRollout>(path(&view), (), reason("lunch"));
    let size = bed.size();
    assert!(pause().if_match("\"000000000000\"").await.unwrap_err().is(Code::PreconditionFailed));
    assert_eq!(bed.size(), size);
    let paused = pause().if_match(&etag).await.unwrap();
    assert!(matches!(&paused.value.summary.phase, Phase::Paused { reason } if reason == "lunch"));
    let size = bed.size();
    assert!(pause().if_match(&etag).await.unwrap_err().is(Code::PreconditionFailed));
    assert_eq!(bed.size(), size);

    let resume = bed.admin.call::<ResumeRollout>(path(&view), (), Reason::default());
    let resumed = resume.if_match(&paused.etag.unwrap()).await.unwrap().value;
    assert!(matches!(resumed.summary.phase, Phase::Running {}));
    assert!(
        bed.admin
            .call::<ResumeRollout>(path(&view), (), Reason::default())
            .await
            .unwrap_err()
            .is(Code::NotPaused)
    );
}

#[tokio::test]
async fn a_repeat_gets_its_first_answer_whatever_has_changed_since() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let view = started(&bed, "1.0.0").await;
    let etag = bed.admin.call::<ShowRollout>(path(&view), (), ()).await.unwrap().etag.unwrap();
    let pause = |key: &str| {
        bed.admin.call::<PauseRollout>(path(&view), (), reason("lunch")).if_match(&etag).idempotency_key(key)
    };
    let first = pause("once").await.unwrap().value;
    let size = bed.size();
    let again = pause("once").await.unwrap().value;
    assert_eq!((again.summary.phase.word(), bed.size()), (first.summary.phase.word(), size));
    assert!(pause("twice").await.unwrap_err().is(Code::PreconditionFailed), "that is another request");
}

#[tokio::test]
async fn of_two_who_mean_the_same_state_one_passes() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let view = started(&bed, "1.0.0").await;
    let etag = bed.admin.call::<ShowRollout>(path(&view), (), ()).await.unwrap().etag.unwrap();
    let pause = |why: &str| {
        bed.admin.call::<PauseRollout>(path(&view), (), reason(why)).if_match(&etag).into_future()
    };
    let (one, two) = tokio::join!(pause("one"), pause("two"));
    let refused = [&one, &two].into_iter().filter_map(|it| it.as_ref().err()).collect::<Vec<_>>();
    assert!(matches!(refused[..], [it] if it.is(Code::PreconditionFailed)), "{refused:?}");
}

#[tokio::test]
async fn rollouts_queue_and_say_why() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let first = started(&bed, "1.0.0").await;
    let second = started(&bed, "1.1.0").await;
    assert!(matches!(second.summary.phase, Phase::Queued { position: 1 }), "{:?}", second.summary.phase);
    assert!(second.waiting_for[0].why.contains(&first.summary.id.to_string()), "{:?}", second.waiting_for);
    let staging = || EnvironmentPath { environment: "staging".parse().unwrap() };
    let queue = bed.admin.call::<ShowQueue>(staging(), (), ()).await.unwrap().value;
    assert_eq!(queue.running[0].id, first.summary.id);
    assert_eq!(
        (queue.queued[0].rollout, &queue.queued[0].behind),
        (second.summary.id, &vec![first.summary.id])
    );
    let live = RolloutQuery { live: Some(true), ..RolloutQuery::default() };
    let listed = bed.admin.call::<ListRollouts>((), live, ()).await.unwrap().value.items;
    assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [second.summary.id, first.summary.id]);
    let environment = bed.admin.call::<ShowEnvironment>(staging(), (), ()).await.unwrap().value;
    assert_eq!(environment.summary.live, [first.summary.id, second.summary.id]);
    assert_eq!(environment.summary.hosts, ["host-a".parse().unwrap()]);
}

#[tokio::test]
async fn ended_rollouts_are_shown_long_after_the_state_has_let_go_of_them() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let agent = bed.agent("host-a").await;
    let mut ended = Vec::new();
    for version in ["1.0.0", "1.1.0"] {
        let view = started(&bed, version).await;
        work(&bed, &agent, "host-a", view.summary.id).await;
        let shown = bed.admin.call::<ShowRollout>(path(&view), (), ()).await.unwrap().value;
        assert!(
            matches!(shown.summary.phase, Phase::Ended { end: End::Succeeded { .. } }),
            "{:?}",
            shown.summary
        );
        ended.push(shown);
    }
    let known: Vec<_> = bed.runtime.state().rollouts.live.keys().copied().collect();
    assert_eq!(known, [ended[1].summary.id]);
    let recalled = bed.admin.call::<ShowRollout>(path(&ended[0]), (), ()).await.unwrap().value;
    assert_eq!((&recalled.summary, &recalled.steps), (&ended[0].summary, &ended[0].steps));
    let abort = bed.admin.call::<AbortRollout>(path(&ended[0]), (), reason("too late")).await.unwrap_err();
    assert!(abort.is(Code::WrongPhase), "{abort}");
    let live = RolloutQuery { live: Some(false), limit: Some(1), ..RolloutQuery::default() };
    let page = bed.admin.call::<ListRollouts>((), live.clone(), ()).await.unwrap().value;
    assert_eq!((page.items[0].id, page.items.len()), (ended[1].summary.id, 1));
    let rest = RolloutQuery { cursor: page.next, ..live };
    assert_eq!(
        bed.admin.call::<ListRollouts>((), rest, ()).await.unwrap().value.items[0].id,
        ended[0].summary.id
    );
}

#[tokio::test]
async fn releases_are_listed_and_compared() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let (old, new) = (bed.release("1.0.0").await, bed.release("1.1.0").await);
    let listed = bed.admin.call::<ListReleases>((), ReleaseQuery::default(), ()).await.unwrap().value.items;
    let versions: Vec<_> = listed.iter().map(|it| it.bundle.version.as_str()).collect();
    assert_eq!(versions, ["1.1.0", "1.0.0"]);
    let compare = |release: ReleaseSelector, against: ReleaseSelector| {
        bed.admin.call::<DiffReleases>(ReleasePath { release }, DiffQuery { against }, ())
    };
    let diff = compare(new, old.clone()).await.unwrap().value;
    assert_eq!((diff.changes.len(), diff.changes[0].what.as_str()), (1, "web"));
    assert_eq!(diff.changes[0].to.as_ref().unwrap().version, "1.1.0");
    assert!(compare(old.clone(), old).await.unwrap().value.changes.is_empty());
}
