//! Somebody who ships without end, whatever becomes of it, and now and then changes their mind.

use std::time::Duration;

use shipway_api::Client;
use shipway_api::client::Error;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::operations::rollout::{
    AbortRollout, ListRollouts, PauseRollout, Reason, ResumeRollout, RollBack, RolloutPath, RolloutQuery,
    ShowRollout, StartRollout,
};
use shipway_api::selector::SubjectSelector;
use shipway_api::view::rollout::RolloutView;
use shipway_model::{Digest, RolloutId};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Counts;
use super::random::Random;
use crate::site::Site;
use crate::site::service::Behaviour;

/// What a rollout waits for: a report on the tests of what it ships.
pub(super) const GATED: &str = "
apiVersion: shipway.dev/v1
kind: Policy
metadata: {name: proof}
spec: {gates: [{name: unit, require: {tests: {}}}]}
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: proven}
spec:
  stages:
    - {name: tested, run: {gates: {policies: [proof]}}}
    - {name: deploy, run: {deploy: {}}}
";
/// Of the environment.
pub(super) const PIPELINE: &str = "pipeline: proven";
const REPORT: &[u8] =
    br#"<testsuites><testsuite name="unit" tests="1"><testcase name="one" time="0.1"/></testsuite></testsuites>"#;
const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"];
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// A control plane that stands still does not answer: the next try may meet another one.
const ANSWER_MAX: Duration = Duration::from_secs(5);

pub(super) struct Load {
    is_ending: watch::Sender<bool>,
    n_ended: watch::Receiver<u32>,
    shipping: JoinHandle<Counts>,
}

struct Shipper {
    client: Client,
    random: Random,
    is_ending: watch::Receiver<bool>,
    /// How rollouts ended.
    counts: Counts,
    n_ended: watch::Sender<u32>,
}

/// Two good versions, a slow one and one that never becomes healthy.
pub(super) async fn release(site: &Site) {
    let behaviours = [
        Behaviour::GOOD,
        Behaviour::GOOD,
        Behaviour::warms_up(Duration::from_millis(700)),
        Behaviour { is_never_healthy: true, ..Behaviour::GOOD },
    ];
    for (version, behaviour) in VERSIONS.into_iter().zip(behaviours) {
        site.release(version, behaviour).await;
    }
}

/// Attaches a report to a release of that version.
pub(super) async fn prove(client: &Client, version: &str) -> Result<(), Error> {
    let original = Digest::of(REPORT);
    let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(REPORT.to_vec())]);
    client.put_blob(original, REPORT.len() as u64, bytes).await?;
    let evidence = NewEvidence {
        subject: vec![SubjectSelector::Release(format!("site@{version}").parse().expect("a selector"))],
        original,
        format: Some("junit".to_owned()),
        file_name: None,
        statement: None,
        signature: None,
        ran: None,
    };
    client.call::<AttachEvidence>((), (), evidence).await.map(drop)
}

impl Load {
    pub(super) fn start(client: Client, random: Random) -> Self {
        let is_ending = watch::Sender::new(false);
        let (counted, n_ended) = watch::channel(0);
        let (counts, told) = (Counts::new(), is_ending.subscribe());
        let shipper = Shipper { client, random, is_ending: told, counts, n_ended: counted };
        Self { is_ending, n_ended, shipping: tokio::spawn(shipper.ship_on()) }
    }

    pub(super) fn n_ended(&self) -> u32 {
        *self.n_ended.borrow()
    }

    /// Ends when every rollout has ended: how, and how often.
    pub(super) async fn end(self) -> Counts {
        self.is_ending.send_replace(true);
        self.shipping.await.expect("the shipper does not panic")
    }
}

impl Shipper {
    async fn ship_on(mut self) -> Counts {
        while !*self.is_ending.borrow() {
            let version = *self.random.pick(&VERSIONS).expect("there are versions");
            match within(self.client.call::<StartRollout>((), (), Site::new_rollout(version))).await {
                Some(Ok(started)) => self.see_through(started.value.summary.id).await,
                // Started or not: who lists what is open finds it.
                _ => tokio::time::sleep(LOOK_INTERVAL).await,
            }
            self.end_what_is_open().await;
        }
        self.counts
    }

    async fn end_what_is_open(&mut self) {
        let live = || RolloutQuery { live: Some(true), ..RolloutQuery::default() };
        while let Some(Ok(listed)) = within(self.client.call::<ListRollouts>((), live(), ())).await
            && let Some(open) = listed.value.items.first()
        {
            self.see_through(open.id).await;
        }
    }

    /// Until it has ended.
    async fn see_through(&mut self, id: RolloutId) {
        loop {
            if let Some(Ok(shown)) =
                within(self.client.call::<ShowRollout>(RolloutPath { rollout: id }, (), ())).await
            {
                let view = shown.value;
                if view.summary.phase.is_ended() {
                    *self.counts.entry(ending(&view)).or_default() += 1;
                    self.n_ended.send_modify(|it| *it += 1);
                    return;
                }
                self.meddle(&view).await;
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Whatever is answered to it, the next look shows what became of it.
    async fn meddle(&mut self, view: &RolloutView) {
        let path = || RolloutPath { rollout: view.summary.id };
        let reason = || Reason { reason: "torture".to_owned() };
        let is_halted = view.summary.phase.word() == "halted";
        match self.random.between(0, 99) {
            _ if view.summary.phase.word() == "paused" => {
                let _ = within(self.client.call::<ResumeRollout>(path(), (), reason())).await;
            }
            0..=49 if is_halted => {
                let _ = within(self.client.call::<RollBack>(path(), (), reason())).await;
            }
            _ if is_halted => {
                let _ = within(self.client.call::<AbortRollout>(path(), (), reason())).await;
            }
            0..=1 => {
                let _ = within(self.client.call::<AbortRollout>(path(), (), reason())).await;
            }
            2..=3 => {
                let _ = within(self.client.call::<RollBack>(path(), (), reason())).await;
            }
            4..=5 => {
                let _ = within(self.client.call::<PauseRollout>(path(), (), reason())).await;
            }
            // Gates are asked again, whether they have passed or not.
            6..=15 => {
                let version = view.summary.release.version.to_string();
                let _ = within(prove(&self.client, &version)).await;
            }
            _ => {}
        }
    }
}

fn ending(view: &RolloutView) -> &'static str {
    match view.summary.phase.word() {
        "succeeded" => "succeeded",
        "rolled-back" => "rolled back",
        "aborted" => "aborted",
        "cancelled" => "cancelled",
        other => panic!("a rollout ended as {other}"),
    }
}

/// Nothing when nobody answers in time.
async fn within<T>(asked: impl IntoFuture<Output = Result<T, Error>>) -> Option<Result<T, Error>> {
    tokio::time::timeout(ANSWER_MAX, asked.into_future()).await.ok()
}
