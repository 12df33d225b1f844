//! What the agents noted, over all their lives, beside what the ledger says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::site::journal::Journals;
use crate::site::witness::Witness;

/// An agent sums its journal up when it starts, so it is read whenever one was killed.
#[derive(Default)]
pub(super) struct Chronicle {
    /// By effect, the host whose agent began it.
    begun: BTreeMap<String, String>,
}

impl Chronicle {
    /// Reads the journal of a host whose agent is dead, or at rest.
    ///
    /// # Panics
    /// When an effect was begun twice, by this agent or by two.
    pub(super) fn read(&mut self, folder: &Path, host: &str) {
        let journals = Journals::read(folder, std::iter::once(host));
        assert_eq!(journals.begun_twice(), [""; 0], "begun twice on {host}");
        for key in journals.begun.into_keys() {
            let before = self.begun.entry(key.clone()).or_insert_with(|| host.to_owned());
            assert_eq!(before, host, "{key} was begun on two hosts");
        }
    }

    pub(super) fn n_begun(&self) -> usize {
        self.begun.len()
    }

    /// What was begun had been started in the ledger, and what an agent said to have done it had begun.
    pub(super) fn assert_agrees_with(&self, witness: &Witness) {
        let started: BTreeSet<String> =
            witness.of_kind("step.started").map(|it| key(&it.event["data"])).collect();
        for begun in self.begun.keys() {
            assert!(started.contains(begun), "{begun} was begun, and the ledger knows nothing of it");
        }
        for (host, data) in reported(witness) {
            let key = key(data);
            assert_eq!(self.begun.get(&key).map(String::as_str), Some(host), "{key} was reported by {host}");
        }
    }
}

/// The steps that agents have ended: the host, and which.
pub(super) fn reported(witness: &Witness) -> impl Iterator<Item = (&str, &Value)> {
    witness.of_kind("step.ended").filter_map(|it| {
        let host = it.event["actor"].as_str().and_then(|it| it.strip_prefix("agent:"))?;
        Some((host, &it.event["data"]))
    })
}

/// Of the effect that a step's event is about.
fn key(data: &Value) -> String {
    let text = |name: &str| data[name].as_str().expect("a text").to_owned();
    format!("{}/{}/{}/{}", text("id"), data["step"], text("direction"), data["attempt"])
}
