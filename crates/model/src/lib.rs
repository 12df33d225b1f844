//! The words of the house: ids, digests, names, units, events and the files that users write.
//!
//! Every other crate speaks these types. This crate never does I/O, reads no clock and draws no random
//! number; parsing takes text, and everything that got past parsing is valid.
//!
//! Start at [`event`] for what can happen, at [`resource`] for what users declare, and at [`plan`] for what a
//! rollout will do.

pub mod access;
pub mod alert;
pub mod analysis;
pub mod approval;
pub mod attestation;
pub mod change;
pub mod ci;
pub mod contract;
pub mod digest;
pub mod effect;
pub mod event;
pub mod evidence;
pub mod exception;
pub mod gate;
pub mod id;
pub mod itsm;
mod json;
pub mod name;
pub mod plan;
pub mod quarantine;
pub mod release;
pub mod resource;
pub mod review;
pub mod routing;
pub mod scope;
pub mod share;
pub mod source;
pub mod stray;
mod text;
pub mod unit;

pub use digest::Digest;
pub use id::{
    AccountId, AlertId, ChangeId, DecisionId, EvidenceId, ExceptionId, GrantId, LateId, QuarantineId,
    ReleaseId, RolloutId, TokenId, WaiverId,
};
pub use name::{Name, Version};
pub use share::Share;
pub use unit::{BasisPoints, Millis};
