//! The ledger's mathematics: one sequence of bytes per event, one root per history, and proofs that need no trust
//! in whoever keeps the log.
//!
//! A record is an event in canonical JSON ([`canonical`]). Its hash is a leaf of an RFC 6962 Merkle tree
//! ([`tree`]); the tree's size and root, signed, are a [`Checkpoint`]. From there anybody can check that a record
//! is in the log ([`proof`], [`ProofFile`]), that the log has only grown, and that a whole export is unchanged
//! ([`verify`]). [`Witness`](witness)es cosign checkpoints that extend what they saw, a [`Policy`] says whose word is
//! needed, and [`tiles`] are a log as static files. All formats are public ones: RFC 8785, RFC 6962 and C2SP's
//! `signed-note`, `tlog-checkpoint`, `tlog-proof@v1`, `tlog-cosignature`, `tlog-witness`, `tlog-policy` and
//! `tlog-tiles`, so other people's tools can check ours, and [`Evidence`] and [`document`] read theirs.
//!
//! This crate never reads or writes a file, reads no clock and draws no random number: seeds, bytes and hashes are
//! handed to it. Nothing that it reads makes it panic. It does not guard against signing two roots for one size;
//! whoever stores the checkpoints must.
//!
//! Start at [`to_canonical`] and [`Frontier`] to write a log, and at [`Verifier`] to check one:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::collections::BTreeMap;
//! use shipway_ledger::{
//!     Checkpoint, Frontier, ProofFile, SigningKey, leaf_hash, prove_inclusion, to_canonical,
//! };
//!
//! // The keeper of the log appends a record, signs, and hands out a proof.
//! let record = to_canonical(&BTreeMap::from([("type", "release-sealed"), ("actor", "ada")]))?;
//! assert_eq!(record, br#"{"actor":"ada","type":"release-sealed"}"#);
//! let leaves = vec![leaf_hash(b"an earlier record"), leaf_hash(&record)];
//! let mut frontier = Frontier::default();
//! leaves.iter().for_each(|leaf| frontier.push(*leaf));
//! let key = SigningKey::from_seed("log.example/acme".parse()?, &[7; 32]);
//! let origin = key.verifier().name().clone();
//! let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
//! let path = prove_inclusion(&leaves, 1, frontier.size())?;
//! let proof = ProofFile { extra: None, index: 1, path, checkpoint: checkpoint.sign(&key) }.to_string();
//!
//! // Anybody who has the record, the proof and the public key can check it offline.
//! let believed = proof.parse::<ProofFile>()?.verify(&record, key.verifier())?;
//! assert_eq!(believed, checkpoint);
//! # Ok(())
//! # }
//! ```

pub mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod document;
pub mod evidence;
pub mod key;
mod note;
pub mod policy;
pub mod proof;
mod proof_file;
pub mod tiles;
pub mod tree;
pub mod verify;
pub mod witness;

pub use canonical::{is_canonical, parse_strict, to_canonical};
pub use checkpoint::Checkpoint;
pub use commitment::Commitment;
pub use cosignature::{Cosigner, CosignerKey};
pub use document::{Claim, InvalidDocument, ProofDocument};
pub use evidence::{Evidence, InvalidEvidence};
pub use key::{InvalidKey, Origin, SigningKey, VerifierKey};
pub use note::NoteError;
pub use policy::{Policy, PolicyError, Vouched};
pub use proof::{
    Hashes, ProofError, earlier_root, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
pub use proof_file::{InvalidProofFile, ProofFile, ProofFileError};
pub use tree::{Frontier, empty_root, leaf_hash, node_hash};
pub use verify::{Fault, Report, Verifier};
