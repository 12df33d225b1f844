//! Time, randomness and failures that a test holds in its hands.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use shipway_model::effect::EffectKey;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::sharing::{Claim, Granted, News, Shared, Sharing};
use crate::store::{AppendError, Batch, Loaded, Store, StoreError, StoreReader, StoredHead};

/// Stands still until it is set forward. Clones are one clock.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).expect("a duration can be added");
    }
}

impl Default for ManualClock {
    /// Some day in 2026.
    fn default() -> Self {
        let start = Timestamp::from_second(1_790_000_000).expect("a second in 2026");
        Self(Arc::new(Mutex::new(start)))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts, so that ids differ and runs repeat.
#[derive(Debug, Default)]
pub struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, at) in bytes.iter_mut().rev().zip(0..) {
            *byte = drawn.iter().rev().nth(at).copied().unwrap_or(0);
        }
    }
}

const FULL: &str = "no space left on the device";

/// Turns a [`FaultyStore`]'s failures on and off.
#[derive(Debug, Clone, Default)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    pub fn set(&self, is_failing: bool) {
        self.0.store(is_failing, Ordering::SeqCst);
    }

    fn is_failing(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A store that refuses batches and leases while its switch is on.
pub struct FaultyStore {
    pub store: Box<dyn Store>,
    pub switch: Switch,
}

impl Store for FaultyStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        if self.switch.is_failing() {
            return Err(AppendError::Unavailable(FULL.to_owned()));
        }
        self.store.append(batch)
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        self.store.reader()
    }

    fn is_exclusive(&self) -> bool {
        self.store.is_exclusive()
    }

    fn sharing(&mut self) -> Option<&mut dyn Sharing> {
        if self.store.sharing().is_some() { Some(self) } else { None }
    }
}

impl FaultyStore {
    fn inner(&mut self) -> &mut dyn Sharing {
        self.store.sharing().expect("it is asked for only where there is one")
    }
}

impl Sharing for FaultyStore {
    fn lock(&mut self) -> Result<StoredHead, StoreError> {
        self.inner().lock()
    }

    fn unlock(&mut self) {
        self.inner().unlock();
    }

    fn head(&mut self) -> Result<StoredHead, StoreError> {
        self.inner().head()
    }

    fn hold(&mut self, keys: &[EffectKey]) -> Result<Vec<(EffectKey, u32)>, StoreError> {
        self.inner().hold(keys)
    }

    fn shared(&mut self) -> Arc<dyn Shared> {
        Arc::new(FaultyShared { shared: self.inner().shared(), switch: self.switch.clone() })
    }

    fn watch(&mut self, tell: Arc<dyn Fn(News) + Send + Sync>) {
        self.inner().watch(tell);
    }
}

struct FaultyShared {
    shared: Arc<dyn Shared>,
    switch: Switch,
}

impl Shared for FaultyShared {
    fn head(&self) -> Result<StoredHead, StoreError> {
        self.shared.head()
    }

    fn lease(&self, claim: &Claim) -> Result<Granted, StoreError> {
        if self.switch.is_failing() {
            return Err(StoreError::Unavailable(FULL.to_owned()));
        }
        self.shared.lease(claim)
    }
}
