//! Someone who reads the ledger along and forgets nothing.

use std::collections::BTreeMap;

use shipway_api::Client;
use shipway_api::client::Error;
use shipway_api::operations::ledger::{LedgerQuery, ListLedgerEvents, ShowLedgerHead};
use shipway_api::view::ledger::LedgerEvent;

#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// From position 0 on.
    pub(crate) events: Vec<LedgerEvent>,
}

impl Witness {
    /// Reads what is new.
    ///
    /// # Panics
    /// When the ledger is shorter than it was.
    pub(crate) async fn look(&mut self, client: &Client) -> Result<(), Error> {
        let size = client.call::<ShowLedgerHead>((), (), ()).await?.value.size;
        assert!(size >= self.size(), "{} events were read, {size} are there", self.size());
        while self.size() < size {
            let query = LedgerQuery { from: Some(self.size()), limit: None };
            self.events.extend(client.call::<ListLedgerEvents>((), query, ()).await?.value.items);
        }
        Ok(())
    }

    pub(crate) fn size(&self) -> u64 {
        self.events.len() as u64
    }

    /// Panics unless `later` begins with all that was read here.
    pub(crate) fn assert_begins(&self, later: &Self) {
        for (before, now) in self.events.iter().zip(&later.events) {
            assert_eq!(before, now);
        }
        assert!(later.size() >= self.size());
    }

    /// Of each attempt of each step there is one start, and at most one end.
    pub(crate) fn assert_nothing_twice(&self) {
        for kind in ["step.started", "step.ended"] {
            let mut times: BTreeMap<String, u32> = BTreeMap::new();
            for event in self.of_kind(kind) {
                let data = &event.event["data"];
                let key =
                    format!("{}/{}/{}/{}", data["id"], data["step"], data["direction"], data["attempt"]);
                *times.entry(key).or_default() += 1;
            }
            times.retain(|_, times| *times > 1);
            assert!(times.is_empty(), "{kind} twice: {times:?}");
        }
    }

    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &LedgerEvent> {
        self.events.iter().filter(move |it| it.event["type"] == kind)
    }
}
