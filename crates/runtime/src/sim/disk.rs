//! A store over the memory store that fails as disks and databases do.

mod shared;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::SkewedClock;
use crate::memory::{MemoryDisk, MemoryStore};
use crate::sharing::Sharing;
use crate::store::{
    AppendError, Batch, Disclosure, Loaded, Record, Store, StoreError, StoreReader, StoredAnswer,
};
use shipway_model::Digest;

#[cfg(test)]
use crate::store::EffectChange;

/// What the next appends meet. Clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    /// Nothing is read or written.
    is_out: bool,
    next: Option<AppendFault>,
    is_killed: bool,
    #[cfg(test)]
    plant: Option<Plant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppendFault {
    /// The batch is written, and the writer is told that nobody knows.
    AnswerLost,
    /// The process is killed before the batch is written.
    KilledBefore,
    /// The process is killed when the batch is written and nobody has been answered.
    KilledAfter,
    /// The lock was taken away before the batch came: nothing is written.
    LockLost,
}

/// Bugs of a store, to see whether the watch finds them.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    /// Generations of leases do not reach the disk.
    ForgetsGenerations,
    /// A byte of every hundredth record is changed.
    ChangesRecords,
    /// Every hundredth record is dropped.
    LosesRecords,
}

impl Faults {
    pub(super) fn set_out(&self, is_out: bool) {
        self.content().is_out = is_out;
    }

    pub(super) fn is_out(&self) -> bool {
        self.content().is_out
    }

    pub(super) fn set_next(&self, fault: AppendFault) {
        self.content().next = Some(fault);
    }

    pub(super) fn clear(&self) {
        let mut content = self.content();
        (content.is_out, content.next) = (false, None);
    }

    /// Whether the process was killed while it wrote; asked once.
    pub(super) fn take_killed(&self) -> bool {
        std::mem::take(&mut self.content().is_killed)
    }

    #[cfg(test)]
    pub(super) fn plant(&self, plant: Option<Plant>) {
        self.content().plant = plant;
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct SimulatedStore {
    store: MemoryStore,
    faults: Faults,
    /// What other control planes share, when there are any.
    shared: Option<shared::SharedDisk>,
}

impl SimulatedStore {
    /// The disk of one machine.
    pub(super) fn own(disk: &MemoryDisk, faults: Faults) -> Self {
        Self { store: disk.open(), faults, shared: None }
    }

    /// A database with a clock of its own.
    pub(super) fn shared(disk: &MemoryDisk, clock: SkewedClock, faults: Faults) -> Self {
        let shared = shared::SharedDisk { disk: disk.clone(), clock, faults: faults.clone() };
        Self { store: disk.open_shared(), faults, shared: Some(shared) }
    }
}

struct Reader {
    reader: Arc<dyn StoreReader>,
    faults: Faults,
}

impl Store for SimulatedStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.faults.check()?;
        self.store.load()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let unavailable = |why: &str| Err(AppendError::Unavailable(why.to_owned()));
        if self.faults.content().is_out {
            return unavailable("the disk does not answer");
        }
        let fault = self.faults.content().next.take();
        if fault == Some(AppendFault::LockLost) {
            return Err(AppendError::Stale);
        }
        if fault == Some(AppendFault::KilledBefore) {
            self.faults.content().is_killed = true;
            return unavailable("killed");
        }
        #[cfg(test)]
        let batch = &planted(self.faults.content().plant, batch);
        self.store.append(batch)?;
        match fault {
            Some(AppendFault::AnswerLost) => Err(AppendError::Unsure("the answer was lost".to_owned())),
            Some(AppendFault::KilledAfter) => {
                self.faults.content().is_killed = true;
                Ok(())
            }
            Some(AppendFault::KilledBefore | AppendFault::LockLost) | None => Ok(()),
        }
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        Arc::new(Reader { reader: self.store.reader(), faults: self.faults.clone() })
    }

    fn is_exclusive(&self) -> bool {
        self.shared.is_none()
    }

    fn sharing(&mut self) -> Option<&mut dyn Sharing> {
        self.shared.as_mut().map(|it| it as &mut dyn Sharing)
    }
}

impl Faults {
    fn check(&self) -> Result<(), StoreError> {
        if self.content().is_out {
            return Err(StoreError::Unavailable("the disk does not answer".to_owned()));
        }
        Ok(())
    }
}

impl StoreReader for Reader {
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.faults.check()?;
        self.reader.read(from, limit)
    }

    fn read_stream(&self, stream: &str, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.faults.check()?;
        self.reader.read_stream(stream, from, limit)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Digest>, StoreError> {
        self.faults.check()?;
        self.reader.leaves(from, limit)
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Digest>, StoreError> {
        self.faults.check()?;
        self.reader.node(level, index)
    }

    fn disclosures(&self, positions: &[u64]) -> Result<Vec<Disclosure>, StoreError> {
        self.faults.check()?;
        self.reader.disclosures(positions)
    }

    fn disclosures_from(&self, from: u64, limit: usize) -> Result<Vec<Disclosure>, StoreError> {
        self.faults.check()?;
        self.reader.disclosures_from(from, limit)
    }

    fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        self.faults.check()?;
        self.reader.answer(key)
    }

    fn streams(&self, from: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        self.faults.check()?;
        self.reader.streams(from, limit)
    }

    fn answers(&self, after: &str, limit: usize) -> Result<Vec<(String, StoredAnswer)>, StoreError> {
        self.faults.check()?;
        self.reader.answers(after, limit)
    }
}

#[cfg(test)]
fn planted(plant: Option<Plant>, batch: &Batch) -> Batch {
    let mut batch = batch.clone();
    let is_hit = |record: &Record| record.position % 100 == 99;
    match plant {
        None => {}
        Some(Plant::ForgetsGenerations) => {
            batch.effects.retain(|it| !matches!(it, EffectChange::Lease { .. }));
        }
        Some(Plant::ChangesRecords) => {
            for (_, record) in batch.records.iter_mut().filter(|it| is_hit(&it.1)) {
                let mut bytes = record.bytes.to_vec();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                record.bytes = bytes.into();
            }
        }
        Some(Plant::LosesRecords) => batch.records.retain(|it| !is_hit(&it.1)),
    }
    batch
}
