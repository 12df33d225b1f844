//! What several control planes on one store need of it, beside what a single one does.
//!
//! Each of them locks the ledger's end, folds what the others have appended, decides, and appends: so all events stand
//! in one order without gaps, and nobody decides on anything old. Leases are given by the store itself, by its own
//! clock, beside that lock; a report counts only under the generation that the store still has when it is appended.

use std::sync::Arc;
use std::time::Duration;

use shipway_model::effect::{Effect, EffectKey, Performer};

use crate::store::{StoreError, StoredHead};

/// The writer's half. All calls may block.
pub trait Sharing {
    /// Waits until the ledger's end is this control plane's to move, which it is until the next append or
    /// [`Sharing::unlock`]. The store takes the lock away from whoever keeps it for seconds; then appending fails.
    fn lock(&mut self) -> Result<StoredHead, StoreError>;

    /// Nothing is to be appended after all.
    fn unlock(&mut self);

    /// The ledger's end as it is now.
    fn head(&mut self) -> Result<StoredHead, StoreError>;

    /// While locked: the generation of each effect's newest lease. None of them changes before the append.
    fn hold(&mut self, keys: &[EffectKey]) -> Result<Vec<(EffectKey, u32)>, StoreError>;

    /// The half for everybody else.
    fn shared(&mut self) -> Arc<dyn Shared>;

    /// Tells what others do, from a thread of the store's own, for as long as the store is open. News may be told
    /// late, twice or for nothing, but not be lost.
    fn watch(&mut self, tell: Arc<dyn Fn(News) + Send + Sync>);
}

/// What happened in the store by others' doing or by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The ledger's end may have moved.
    Moved,
    /// These have effects whose leases ended.
    Expired(Vec<Performer>),
}

/// The half for everybody. All calls may block.
pub trait Shared: Send + Sync {
    /// The ledger's end as it is now.
    fn head(&self) -> Result<StoredHead, StoreError>;

    /// Gives and prolongs leases; durable when it returns.
    fn lease(&self, claim: &Claim) -> Result<Granted, StoreError>;
}

/// Asks for effects to perform, and to keep those that are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub performer: Performer,
    /// Which of the performer's processes asks. What it holds and does not name in `renew` is given to it again, under
    /// the same generation: it has not heard of it.
    pub holder: Option<Arc<str>>,
    pub max: usize,
    pub ttl: Duration,
    /// What is held, under which generation, and should be kept.
    pub renew: Vec<(EffectKey, u32)>,
}

/// What a claim was granted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Granted {
    /// With the generations under which they are held.
    pub leases: Vec<(Effect, u32)>,
    /// Of those to be kept, the ones that are still held.
    pub renewed: Vec<EffectKey>,
}
