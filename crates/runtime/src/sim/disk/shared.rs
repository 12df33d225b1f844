//! What several simulated control planes share: the ledger's end and the leases, by the database's own clock.
//!
//! A turn of a control plane is one piece here, so that nobody ever waits for the lock; that it is lost in between is
//! one of the [faults](super::AppendFault).

use std::sync::Arc;

use shipway_model::effect::EffectKey;

use super::Faults;
use crate::clock::Clock;
use crate::memory::MemoryDisk;
use crate::sharing::{Claim, Granted, News, Shared, Sharing};
use crate::sim::clock::SkewedClock;
use crate::store::{StoreError, StoredHead};

#[derive(Clone)]
pub(super) struct SharedDisk {
    pub(super) disk: MemoryDisk,
    /// Of the database: it is right.
    pub(super) clock: SkewedClock,
    /// Of this control plane's line to it.
    pub(super) faults: Faults,
}

impl Sharing for SharedDisk {
    fn lock(&mut self) -> Result<StoredHead, StoreError> {
        Shared::head(self)
    }

    fn unlock(&mut self) {}

    fn head(&mut self) -> Result<StoredHead, StoreError> {
        Shared::head(self)
    }

    fn hold(&mut self, keys: &[EffectKey]) -> Result<Vec<(EffectKey, u32)>, StoreError> {
        self.faults.check()?;
        Ok(self.disk.generations(keys))
    }

    fn shared(&mut self) -> Arc<dyn Shared> {
        Arc::new(self.clone())
    }

    fn watch(&mut self, _tell: Arc<dyn Fn(News) + Send + Sync>) {
        // The world tells.
    }
}

impl Shared for SharedDisk {
    fn head(&self) -> Result<StoredHead, StoreError> {
        self.faults.check()?;
        Ok(self.disk.head())
    }

    fn lease(&self, claim: &Claim) -> Result<Granted, StoreError> {
        self.faults.check()?;
        let granted = self.disk.lease(claim, self.clock.now());
        #[cfg(test)]
        self.forget(&granted);
        Ok(granted)
    }
}

#[cfg(test)]
impl SharedDisk {
    /// As a store does that is [planted](super::Plant::ForgetsGenerations).
    fn forget(&self, granted: &Granted) {
        if self.faults.content().plant == Some(super::Plant::ForgetsGenerations) {
            let keys: Vec<_> = granted.leases.iter().map(|it| it.0.key).collect();
            self.disk.forget_leases(&keys);
        }
    }
}
