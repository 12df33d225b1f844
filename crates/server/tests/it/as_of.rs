//! Reads for an earlier instant answer with what was known then, and nothing is changed in the past.

use jiff::Timestamp;
use shipway_api::client::Error;
use shipway_api::operations::agent::ListAgents;
use shipway_api::operations::environment::{EnvironmentPath, ShowQueue};
use shipway_api::operations::ledger::{FollowEvents, ListLedgerEvents, ShowLedgerHead};
use shipway_api::operations::pause::{ListPauses, PauseRequest, PauseScope};
use shipway_api::operations::plan::{MakePlan, PlanRequest};
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, ListResources, SourceFile};
use shipway_api::operations::rollout::{
    ListRollouts, LogQuery, NewRollout, RolloutPath, ShowRollout, StartRollout, StepPath,
};
use shipway_api::operations::token::{ListTokens, WhoAmI};
use shipway_api::view::agent::Connection;
use shipway_api::{Client, Code};
use shipway_model::event::{Role, Scope};
use shipway_model::plan::StepId;

use crate::bed::{Bed, FILES, problem};

mod alike;

impl Bed {
    /// An instant after everything so far and before everything to come.
    async fn instant(&self) -> Timestamp {
        let last = self.admin.call::<ShowLedgerHead>((), (), ()).await.unwrap().value;
        let query = shipway_api::operations::ledger::LedgerQuery { from: Some(last.size - 1), limit: None };
        let events = self.admin.call::<ListLedgerEvents>((), query, ()).await.unwrap().value.items;
        let at: Timestamp = events[0].event["at"].as_str().unwrap().parse().unwrap();
        // The ledger counts in milliseconds: what follows must be in a later one.
        while self.runtime.clock().now().duration_since(at).as_millis() < 2 {
            tokio::task::yield_now().await;
        }
        at
    }

    fn then(&self, at: Timestamp) -> Client {
        Client::new(&self.url(""), &self.admin_token).unwrap().as_of(at)
    }
}

fn refusal(error: &Error) -> String {
    error.problem().expect("it is refused").code.clone()
}

#[tokio::test]
async fn every_kind_of_read_shows_what_was_known_then() {
    let bed = Bed::start().await;
    let empty = bed.instant().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let planned = bed.instant().await;
    let environment: shipway_model::Name = "staging".parse().unwrap();
    let plan = PlanRequest { release: release.clone(), environment: environment.clone() };
    let plan_then = bed.admin.call::<MakePlan>((), (), plan.clone()).await.unwrap().value;
    let new = NewRollout { release, environment: environment.clone(), plan_digest: None };
    let rollout = bed.admin.call::<StartRollout>((), (), new).await.unwrap().value.summary.id;
    bed.apply(&FILES.replace("The shop window", "What customers see")).await;
    let pause = PauseRequest { scope: Scope::Everything, reason: "stocktaking".to_owned() };
    bed.admin.call::<PauseScope>((), (), pause).await.unwrap();
    let later = bed.token("later", Role::Viewer).await;

    let (nothing, then, now) = (bed.then(empty), bed.then(planned), &bed.admin);
    let resources = async |it: &Client| {
        let page = it.call::<ListResources>((), Default::default(), ()).await.unwrap().value;
        page.items.iter().map(|it| it.revision).collect::<Vec<_>>()
    };
    assert_eq!(resources(&nothing).await, [0; 0]);
    assert_eq!(resources(&then).await, [1, 1, 1]);
    assert_eq!(resources(now).await, [1, 2, 1]);
    let pauses = async |it: &Client| it.call::<ListPauses>((), (), ()).await.unwrap().value.items.len();
    assert_eq!((pauses(&then).await, pauses(now).await), (0, 1));
    let rollouts = async |it: &Client| {
        it.call::<ListRollouts>((), Default::default(), ()).await.unwrap().value.items.len()
    };
    assert_eq!((rollouts(&then).await, rollouts(now).await), (0, 1));
    let gone = then.call::<ShowRollout>(RolloutPath { rollout }, (), ()).await.unwrap_err();
    assert_eq!(refusal(&gone), Code::UnknownRollout.as_str());
    let path = EnvironmentPath { environment };
    let queue = then.call::<ShowQueue>(path, (), ()).await.unwrap().value;
    assert!(queue.running.is_empty() && queue.queued.is_empty());
    let tokens = async |it: &Client| {
        it.call::<ListTokens>((), Default::default(), ()).await.unwrap().value.items.len()
    };
    assert_eq!((tokens(&nothing).await, tokens(&then).await, tokens(now).await), (1, 2, 3));
    let agents = then.call::<ListAgents>((), Default::default(), ()).await.unwrap().value.items;
    assert_eq!((agents[0].connection, agents[0].heard_at), (Connection::Unrecorded, None));
    let planned_then = then.call::<MakePlan>((), (), plan).await.unwrap().value;
    assert_eq!(planned_then.digest, plan_then.digest);

    let mine = Client::new(&bed.url(""), later).unwrap();
    assert_eq!(mine.call::<WhoAmI>((), (), ()).await.unwrap().value.name, "later");
    let too_early = mine.as_of(planned).call::<WhoAmI>((), (), ()).await.unwrap_err();
    assert_eq!(refusal(&too_early), Code::UnknownToken.as_str());
}

#[tokio::test]
async fn the_ledger_of_then_is_the_beginning_of_the_ledger_of_now() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let signed = bed.admin.call::<ShowLedgerHead>((), (), ()).await.unwrap();
    let at = bed.instant().await;
    bed.apply(&FILES.replace("The shop window", "What customers see")).await;
    let then = bed.then(at);
    let head = then.call::<ShowLedgerHead>((), (), ()).await.unwrap();
    assert_eq!((head.value.size, head.value.root), (signed.value.size, signed.value.root));
    assert_eq!(head.value.checkpoint, "", "nobody signs an earlier size again");
    let page = then.call::<ListLedgerEvents>((), Default::default(), ()).await.unwrap().value;
    assert_eq!((page.items.len() as u64, page.next), (head.value.size, None));
    let mut stream = then.follow::<FollowEvents>((), Some(0)).await.unwrap();
    let mut followed = 0;
    while stream.next_ledger_event().await.unwrap().is_some() {
        followed += 1;
    }
    assert_eq!(followed + 1, head.value.size, "the stream ends where the past ends");
    let again = then.call::<ShowLedgerHead>((), (), ()).await.unwrap();
    assert_eq!(head.etag, again.etag);
    assert_ne!(head.etag, bed.admin.call::<ShowLedgerHead>((), (), ()).await.unwrap().etag);
}

#[tokio::test]
async fn nothing_is_changed_in_the_past_and_nothing_known_of_the_future() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let at = bed.instant().await;
    let (then, size) = (bed.then(at), bed.size());
    let pause = PauseRequest { scope: Scope::Everything, reason: String::new() };
    let refused = then.call::<PauseScope>((), (), pause).await.unwrap_err();
    assert_eq!(refusal(&refused), Code::InvalidRequest.as_str());
    let declare = |dry_run| ApplyRequest {
        files: vec![SourceFile { path: "shop.yaml".to_owned(), text: FILES.to_owned() }],
        dry_run,
    };
    assert!(then.call::<ApplyResources>((), (), declare(false)).await.is_err());
    assert!(then.call::<ApplyResources>((), (), declare(true)).await.is_ok());
    let path = StepPath { rollout: bed.runtime.new_rollout_id(), step: StepId(1) };
    let refused = then.read_step_log(path, LogQuery::default()).await.unwrap_err();
    assert!(refused.problem().unwrap().detail.contains("asOf"), "{refused}");
    assert_eq!(bed.size(), size);

    for bad in ["2999-01-01T00:00:00Z", "yesterday", ""] {
        let url = bed.url(&format!("/api/v1/pauses?asOf={bad}"));
        let answer = bed.http.get(url).bearer_auth(&bed.admin_token).send().await.unwrap();
        assert_eq!(problem(answer).await, (400, "invalid-request".to_owned()), "{bad}");
    }
    let url = bed.url(&format!("/api/v1/resources?asOf={at}&kind=Team&nonsense=1"));
    let answer = bed.http.get(url).bearer_auth(&bed.admin_token).send().await.unwrap();
    assert_eq!(problem(answer).await.0, 400, "other parameters are read as ever");
}
