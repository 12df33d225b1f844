//! Promises across a restart.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_engine::{effects, live_rollouts};
use shipway_model::effect::{Effect, EffectKey};

use super::world::{World, pause};
use super::{ManualClock, Site, block_on};
use crate::open::OpenError;
use crate::sharing::Sharing;
use crate::store::{
    AppendError, Batch, Disclosure, Loaded, Record, Store, StoreError, StoreReader, StoredAnswer,
};

pub(super) fn reopening_keeps_exactly_what_was_acknowledged(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        world.perform_all().await;
        let head = world.runtime.head();
        let records = world.runtime.records(0, 1000).await.expect("reads");
        assert_eq!(records.len() as u64, head.size);

        let world = world.reopen(|| site.open()).await;
        assert_eq!(world.runtime.head(), head, "opening writes nothing");
        assert_eq!(world.runtime.records(0, 1000).await.expect("reads"), records);
        assert_eq!(world.runtime.state().rollouts.summaries.len(), 1);
        let receipt = world.submit(pause("a")).await.expect("is accepted");
        assert_eq!(receipt.position, head.size + 1);
        world.runtime.shutdown().await;
    });
}

pub(super) fn the_stored_queue_is_what_the_state_calls_for(site: &dyn Site) {
    block_on(async {
        let mut world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        let mut n_effects = 0;
        loop {
            let called_for = called_for(&world);
            n_effects += called_for.len();
            let clock = world.clock.clone();
            world.runtime.shutdown().await;
            let rows = site.open().load().expect("loads").effects;
            let stored: BTreeMap<_, _> =
                rows.iter().map(|it| (it.effect.key, it.effect.as_ref().clone())).collect();
            assert_eq!(stored, called_for);

            world = World::open(site.open(), clock).expect("opens again");
            let Some((lease, host)) = next_lease(&world).await else { break };
            let outcome = super::world::success(&lease);
            world.report(lease.effect.key, lease.generation, outcome).await.expect(host);
        }
        assert!(n_effects >= 2, "the rollout had effects on both hosts");
        assert!(world.runtime.state().rollouts.summaries.values().all(|it| it.end.is_some()), "it ended");
        world.runtime.shutdown().await;
    });
}

async fn next_lease(world: &World) -> Option<(shipway_model::effect::Lease, &'static str)> {
    for host in ["host-a", "host-b"] {
        if let Some(lease) = world.lease(host, Vec::new()).await.leases.pop() {
            return Some((lease, host));
        }
    }
    None
}

fn called_for(world: &World) -> BTreeMap<EffectKey, Effect> {
    let state = world.runtime.state();
    let all = live_rollouts(&state).flat_map(|it| effects(&state, it));
    all.map(|it| (it.key, it)).collect()
}

pub(super) fn changed_records_are_found_on_opening(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        for scope in ["a", "b", "c"] {
            world.submit(pause(scope)).await.expect("is accepted");
        }
        world.runtime.shutdown().await;
    });
    let open = |forge: fn(&mut Vec<Record>)| {
        let store = Box::new(ForgedStore { store: site.open(), forge });
        World::open(store, ManualClock::default()).map(|_| ())
    };
    let flipped = open(|records| {
        if let Some(record) = records.iter_mut().find(|it| it.position == 2) {
            let mut bytes = record.bytes.to_vec();
            bytes[10] ^= 1;
            record.bytes = bytes.into();
        }
    });
    assert!(matches!(flipped, Err(OpenError::Changed { position: 2 })), "{flipped:?}");

    let rehashed = open(|records| {
        if let Some(record) = records.iter_mut().find(|it| it.position == 2) {
            let text = String::from_utf8_lossy(&record.bytes).replace("\"b\"", "\"z\"");
            record.leaf = shipway_ledger::leaf_hash(text.as_bytes());
            record.bytes = text.into_bytes().into();
        }
    });
    assert!(matches!(rehashed, Err(OpenError::Differs { size: 4, .. })), "{rehashed:?}");

    let removed = open(|records| records.retain(|it| it.position != 1));
    assert!(matches!(removed, Err(OpenError::Store(StoreError::Damaged(_)))), "{removed:?}");
    open(|_| ()).expect("untouched, it opens");
}

/// A store whose records somebody has changed.
struct ForgedStore {
    store: Box<dyn Store>,
    forge: fn(&mut Vec<Record>),
}

struct ForgedReader {
    reader: Arc<dyn StoreReader>,
    forge: fn(&mut Vec<Record>),
}

impl Store for ForgedStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        self.store.append(batch)
    }

    fn sharing(&mut self) -> Option<&mut dyn Sharing> {
        self.store.sharing()
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        Arc::new(ForgedReader { reader: self.store.reader(), forge: self.forge })
    }
}

impl StoreReader for ForgedReader {
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let mut records = self.reader.read(from, limit)?;
        (self.forge)(&mut records);
        Ok(records)
    }

    fn read_stream(&self, stream: &str, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.reader.read_stream(stream, from, limit)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<shipway_model::Digest>, StoreError> {
        self.reader.leaves(from, limit)
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<shipway_model::Digest>, StoreError> {
        self.reader.node(level, index)
    }

    fn disclosures(&self, positions: &[u64]) -> Result<Vec<Disclosure>, StoreError> {
        self.reader.disclosures(positions)
    }

    fn disclosures_from(&self, from: u64, limit: usize) -> Result<Vec<Disclosure>, StoreError> {
        self.reader.disclosures_from(from, limit)
    }

    fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        self.reader.answer(key)
    }

    fn streams(&self, from: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        self.reader.streams(from, limit)
    }

    fn answers(&self, after: &str, limit: usize) -> Result<Vec<(String, StoredAnswer)>, StoreError> {
        self.reader.answers(after, limit)
    }
}
