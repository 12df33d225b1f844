//! What must hold at the end of every test: a known state, nothing done twice, nothing lost.

use std::ops::RangeInclusive;
use std::time::Duration;

use shipway_api::Client;
use shipway_api::view::traffic::TargetCondition;
use shipway_model::RolloutId;
use tokio::time::sleep;

use super::journal::Journals;
use super::witness::Witness;
use super::{LOOK_INTERVAL, Site};
use crate::program::run;

/// Nothing happens by itself after so long without news.
const SETTLED: Duration = Duration::from_millis(150);

impl Site {
    /// Reads the ledger's news; what was read before must still be there at the end.
    pub(crate) async fn look(&mut self) {
        loop {
            let client = self.client();
            match self.witness.look(&client).await {
                Ok(()) => return,
                // A replica that ends takes the answers with it that it was giving.
                Err(error) if self.fleet.is_some() && error.is_transient() => sleep(LOOK_INTERVAL).await,
                Err(error) => panic!("the ledger cannot be read: {error}"),
            }
        }
    }

    /// Reads news until there are none: the control plane waits for somebody.
    pub(crate) async fn settle(&mut self) {
        loop {
            let size = self.witness.size();
            sleep(SETTLED).await;
            self.look().await;
            if self.witness.size() == size {
                return;
            }
        }
    }

    pub(crate) async fn assert_size_is(&mut self, size: u64) {
        self.look().await;
        assert_eq!(self.witness.size(), size, "{:#?}", self.witness.events.get(size as usize..));
    }

    /// Only `version` runs, one on each host, each known to be healthy; nothing was done twice and nothing is lost.
    pub(crate) async fn conclude(&mut self, id: RolloutId, version: &str) {
        self.conclude_with_crashes(id, version, 0..=0).await;
    }

    /// The same where services were started again that often.
    pub(crate) async fn conclude_with_crashes(
        &mut self,
        id: RolloutId,
        version: &str,
        starts_again: RangeInclusive<u32>,
    ) {
        self.assert_only_runs(id, version).await;
        self.assert_nothing_twice(starts_again);
        self.assert_nothing_lost().await;
    }

    /// `version` runs on each host and is known to be healthy, nothing else runs, and it answers.
    pub(crate) async fn assert_only_runs(&self, id: RolloutId, version: &str) {
        let view = self.rollout(id).await.expect("an answer");
        let known: Vec<_> = view
            .targets
            .iter()
            .filter(|it| it.condition != TargetCondition::Failed)
            .map(|it| (it.target.to_string(), it.version.to_string(), it.condition))
            .collect();
        let expected = self.hosts.keys().map(|host| ((*host).to_owned(), version.to_owned()));
        let expected: Vec<_> =
            expected.map(|(host, version)| (host, version, TargetCondition::Healthy)).collect();
        assert_eq!(known, expected, "what is known of the targets");
        let running = self.services().into_iter().map(|it| (it.host, it.version, TargetCondition::Healthy));
        assert_eq!(running.collect::<Vec<_>>(), expected, "what really runs");
        assert_eq!(self.answering().await, version);
    }

    /// Each effect was begun once, and each instance started once and `starts_again` times more.
    fn assert_nothing_twice(&self, starts_again: RangeInclusive<u32>) {
        let journals = Journals::read(self.path(), self.hosts.keys().copied());
        assert_eq!(journals.begun_twice(), [""; 0], "begun twice");
        assert!(!journals.begun.is_empty(), "the journals know of effects");
        assert!(starts_again.contains(&(journals.started - journals.desired)), "{journals:?}");
    }

    /// What was read before is still there, also after a crash, and all of it verifies.
    pub(crate) async fn assert_nothing_lost(&mut self) {
        self.look().await;
        self.witness.assert_nothing_twice();
        if self.fleet.is_some() {
            return self.assert_replicas_agree().await;
        }
        self.kill_control_plane();
        let data = self.data().display().to_string();
        let verified = run(self.path(), &["ledger", "verify", "--data", &data]);
        assert_eq!(verified.code, 0, "{}", verified.err);
        // Something may have happened between the look and the kill.
        let n_sound = n_sound(&verified.out);
        assert!(n_sound >= self.witness.size(), "{} of {} events", verified.out, self.witness.size());
        self.start_control_plane().await;
        let mut again = Witness::default();
        again.look(&self.client()).await.expect("the ledger can be read");
        assert!(again.size() >= n_sound, "{n_sound} events were sound, {} are there", again.size());
        self.witness.assert_begins(&again);
    }

    /// Each replica shows all that was read before, and all of it verifies.
    async fn assert_replicas_agree(&mut self) {
        self.settle().await;
        for idx in 0..self.fleet().len() {
            let url = self.fleet().url(idx);
            let mut again = Witness::default();
            let client = Client::new(&url, self.token().to_owned()).expect("a valid address");
            again.look(&client).await.expect("the ledger can be read");
            self.witness.assert_begins(&again);
        }
        let key = self.data().join("checkpoint.pub").display().to_string();
        let verified = self.shipway(&["ledger", "verify", "--key", &key]);
        assert_eq!(verified.code, 0, "{}", verified.err);
        assert!(verified.out.contains("sound: "), "{}", verified.out);
    }
}

/// How many events `shipway ledger verify` has found to be sound.
fn n_sound(said: &str) -> u64 {
    let counted = said.split_once("sound: ").and_then(|(_, rest)| rest.split_once(" events"));
    counted.and_then(|(count, _)| count.parse().ok()).unwrap_or_else(|| panic!("nothing is sound: {said}"))
}
