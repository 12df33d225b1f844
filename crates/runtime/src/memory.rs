//! A store in memory: for tests, simulation and as the measure of what the stores on disk promise.

mod leases;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use shipway_model::Digest;
use shipway_model::effect::EffectKey;

use crate::store::{
    AppendError, Batch, Disclosure, EffectChange, EffectRow, Loaded, Record, Store, StoreError, StoreReader,
    StoredAnswer, StoredHead,
};

/// Where memory stores live: every store opened on one disk sees the same content, as files on a disk would be.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk(Arc<RwLock<Content>>);

/// A store on a [`MemoryDisk`].
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    disk: MemoryDisk,
    /// The disk gives the leases, and what a writer knows of them is not written.
    is_shared: bool,
}

#[derive(Debug, Default)]
struct Content {
    revision: u64,
    records: Vec<(String, Record)>,
    nodes: HashMap<(u32, u64), Digest>,
    effects: BTreeMap<EffectKey, EffectRow>,
    disclosures: BTreeMap<(u64, String), Disclosure>,
    answers: HashMap<String, StoredAnswer>,
    frontier: Vec<u8>,
    checkpoint: String,
    /// Set by tests: why appends are refused.
    fault: Option<String>,
}

impl MemoryDisk {
    pub fn open(&self) -> MemoryStore {
        MemoryStore { disk: self.clone(), is_shared: false }
    }

    /// For one of several control planes, as a database is opened.
    pub(crate) fn open_shared(&self) -> MemoryStore {
        MemoryStore { disk: self.clone(), is_shared: true }
    }

    /// From now on appends fail for this reason, as on a full disk; with nothing, they succeed again.
    pub fn set_fault(&self, fault: Option<&str>) {
        self.write().fault = fault.map(str::to_owned);
    }

    fn read(&self) -> RwLockReadGuard<'_, Content> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Content> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let content = self.disk.read();
        Ok(Loaded { head: content.head(), effects: content.effects.values().cloned().collect() })
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let content = &mut *self.disk.write();
        if let Some(fault) = &content.fault {
            return Err(AppendError::Unavailable(fault.clone()));
        }
        if content.revision != batch.revision || content.frontier != batch.base {
            return Err(AppendError::Stale);
        }
        content.revision += 1;
        content.records.extend(batch.records.iter().cloned());
        content.nodes.extend(batch.nodes.iter().map(|it| ((it.level, it.index), it.hash)));
        let key = |it: &Disclosure| (it.position, it.pointer.to_string());
        content.disclosures.extend(batch.disclosures.iter().map(|it| (key(it), it.clone())));
        for it in &batch.erased {
            content.disclosures.remove(&(it.position, it.pointer.clone()));
        }
        for change in &batch.effects {
            content.change_effect(change, self.is_shared);
        }
        if let Some(before) = batch.forget_answers_before {
            content.answers.retain(|_, it| it.at >= before);
        }
        content.answers.extend(batch.answers.iter().cloned());
        content.frontier.clone_from(&batch.frontier);
        content.checkpoint.clone_from(&batch.checkpoint);
        Ok(())
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        Arc::new(self.disk.clone())
    }
}

impl Content {
    fn head(&self) -> StoredHead {
        StoredHead {
            revision: self.revision,
            size: self.records.len() as u64,
            frontier: self.frontier.clone(),
            checkpoint: self.checkpoint.clone(),
        }
    }

    fn change_effect(&mut self, change: &EffectChange, keeps_leases: bool) {
        match change {
            EffectChange::Put(row) => match self.effects.get_mut(&row.effect.key) {
                Some(stored) if keeps_leases => stored.effect.clone_from(&row.effect),
                _ => drop(self.effects.insert(row.effect.key, row.clone())),
            },
            EffectChange::Lease { key, generation, leased_until, holder } => {
                if let Some(row) = self.effects.get_mut(key) {
                    (row.generation, row.leased_until) = (*generation, *leased_until);
                    row.holder.clone_from(holder);
                }
            }
            EffectChange::Remove(key) => {
                self.effects.remove(key);
            }
        }
    }
}

impl StoreReader for MemoryDisk {
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let content = self.read();
        Ok(content.records.iter().skip(index(from)).take(limit).map(|it| it.1.clone()).collect())
    }

    fn read_stream(&self, stream: &str, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let content = self.read();
        let of_stream = content.records.iter().skip(index(from)).filter(|it| it.0 == stream);
        Ok(of_stream.take(limit).map(|it| it.1.clone()).collect())
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Digest>, StoreError> {
        Ok(self.read().records.iter().skip(index(from)).take(limit).map(|it| it.1.leaf).collect())
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Digest>, StoreError> {
        Ok(self.read().nodes.get(&(level, index)).copied())
    }

    fn disclosures(&self, positions: &[u64]) -> Result<Vec<Disclosure>, StoreError> {
        let content = self.read();
        let of = |it: &u64| content.disclosures.range((*it, String::new())..(it + 1, String::new()));
        Ok(positions.iter().flat_map(of).map(|it| it.1.clone()).collect())
    }

    fn disclosures_from(&self, from: u64, limit: usize) -> Result<Vec<Disclosure>, StoreError> {
        let content = self.read();
        Ok(content.disclosures.range((from, String::new())..).take(limit).map(|it| it.1.clone()).collect())
    }

    fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        Ok(self.read().answers.get(key).copied())
    }

    fn streams(&self, from: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        Ok(self.read().records.iter().skip(index(from)).take(limit).map(|it| it.0.clone()).collect())
    }

    fn answers(&self, after: &str, limit: usize) -> Result<Vec<(String, StoredAnswer)>, StoreError> {
        let content = self.read();
        let later = content.answers.iter().filter(|it| it.0.as_str() > after);
        let mut later: Vec<_> = later.map(|(key, answer)| (key.clone(), *answer)).collect();
        later.sort_by(|one, other| one.0.cmp(&other.0));
        later.truncate(limit);
        Ok(later)
    }
}

fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
