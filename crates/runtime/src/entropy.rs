//! The Entropy port: the only place where random bytes enter, and what is made of them.

use jiff::Timestamp;
use shipway_model::Digest;
use uuid::{Builder, Uuid};

/// Draws random bytes that nobody can foresee.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// If the operating system has no random bytes to give: nothing made without them could be trusted.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A UUIDv7: the time of its making, then 74 random bits.
pub(crate) fn draw_uuid(entropy: &dyn Entropy, now: Timestamp) -> Uuid {
    let mut bytes = [0; 10];
    entropy.fill(&mut bytes);
    let millis = now.as_millisecond().try_into().unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// 256 random bits behind a prefix by which scanners of source code find leaked secrets.
pub(crate) fn draw_secret(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    format!("shipway_{}", Digest::from_bytes(bytes).hex())
}
