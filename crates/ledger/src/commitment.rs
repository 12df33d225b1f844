//! Salted commitments: an event names a person's data without holding it.
//!
//! The event, which is hashed for ever, carries the [`Commitment`] alone; salt and value are kept elsewhere. While
//! they are there, anybody can be shown that they are what the event meant. Once they are deleted, the event still
//! hashes to its leaf and every proof holds, but what is left says nothing: without the salt's 256 bits even a
//! value that can be guessed, such as a name, cannot be confirmed.
//!
//! `commitment = SHA-256("shipway.dev/commitment/v1" ‖ 0x0A ‖ salt, 32 bytes ‖ value)`

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shipway_model::Digest;

const DOMAIN: &[u8] = b"shipway.dev/commitment/v1\n";

/// What an event holds in place of a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commitment(Digest);

/// 32 secret bytes, drawn at random for one value alone: equal values must not have equal commitments.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

/// A person's data beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Personal {
    Kept {
        salt: Salt,
        value: Vec<u8>,
    },
    /// Salt and value are gone, at somebody's request or because their time was over.
    Erased,
}

/// What can be said of a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening<'a> {
    /// This is what was committed to.
    Value(&'a [u8]),
    /// It cannot be said any more. The event that holds the commitment is as provable as before.
    Erased,
}

/// The data beside the ledger is not what the event committed to: one of them has been changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the salt and value kept lead to the commitment {found}, not to {expected}")]
pub struct Mismatch {
    pub expected: Commitment,
    pub found: Commitment,
}

impl Salt {
    /// From bytes that the caller has drawn at random, or has kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A salt is not printed by accident: with it, values can be guessed.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Commitment {
    pub fn to(salt: &Salt, value: &[u8]) -> Self {
        let hasher = Sha256::new().chain_update(DOMAIN).chain_update(salt.0).chain_update(value);
        Self(Digest::from_bytes(hasher.finalize().into()))
    }

    /// The commitment itself: what an event holds.
    pub fn digest(&self) -> Digest {
        self.0
    }

    /// What was committed to, if it is still kept.
    pub fn open<'a>(&self, personal: &'a Personal) -> Result<Opening<'a>, Mismatch> {
        let Personal::Kept { salt, value } = personal else { return Ok(Opening::Erased) };
        let found = Self::to(salt, value);
        if found == *self { Ok(Opening::Value(value)) } else { Err(Mismatch { expected: *self, found }) }
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Personal {
    /// Keeps `value` beside the ledger, and what the event says of it.
    pub fn keep(salt: Salt, value: Vec<u8>) -> (Self, Commitment) {
        let commitment = Commitment::to(&salt, &value);
        (Self::Kept { salt, value }, commitment)
    }

    /// Forgets salt and value. Whoever stores them must delete every copy: the two go together or not at all.
    pub fn erase(&mut self) {
        *self = Self::Erased;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::proof::{prove_inclusion, verify_inclusion};
    use crate::tree::{Frontier, leaf_hash};
    use crate::{parse_strict, to_canonical};

    #[test]
    fn has_the_documented_form() {
        let salt = Salt::from_bytes([7; 32]);
        let bytes = [&b"shipway.dev/commitment/v1\n"[..], &[7; 32], b"ada"].concat();
        let commitment = Commitment::to(&salt, b"ada");
        assert_eq!(commitment.to_string(), Digest::of(&bytes).to_string());
        assert_eq!(format!("{salt:?}"), "Salt(…)");
    }

    #[test]
    fn only_the_salt_and_the_value_open_it() {
        let (personal, commitment) = Personal::keep(Salt::from_bytes([7; 32]), b"ada".to_vec());
        assert_eq!(commitment.open(&personal), Ok(Opening::Value(b"ada")));
        for (salt, value) in [([8; 32], &b"ada"[..]), ([7; 32], b"eve"), ([7; 32], b""), ([7; 32], b"ada\0")]
        {
            let (other, found) = Personal::keep(Salt::from_bytes(salt), value.to_vec());
            assert_eq!(commitment.open(&other), Err(Mismatch { expected: commitment, found }));
        }
    }

    #[test]
    fn equal_values_cannot_be_linked() {
        let commit = |salt| Commitment::to(&Salt::from_bytes([salt; 32]), b"ada");
        assert_ne!(commit(1), commit(2));
    }

    #[test]
    fn an_event_stays_provable_when_its_data_is_erased() {
        let (mut personal, commitment) = Personal::keep(Salt::from_bytes([7; 32]), b"ada".to_vec());
        let record = to_canonical(&BTreeMap::from([("subject", commitment)])).expect("it is canonical");
        let leaves = vec![leaf_hash(b"before"), leaf_hash(&record), leaf_hash(b"after")];
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|it| frontier.push(*it));
        let proof = prove_inclusion(&leaves, 1, 3).expect("the leaf exists");

        personal.erase();
        assert_eq!(verify_inclusion(leaf_hash(&record), 1, 3, &proof, frontier.root()), Ok(()));
        let event = parse_strict(&record).expect("it is JSON");
        let read: Commitment = serde_json::from_value(event["subject"].clone()).expect("a commitment");
        assert_eq!(read.open(&personal), Ok(Opening::Erased));
    }
}
