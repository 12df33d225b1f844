//! Gates: what a release must prove, decided from facts.
//!
//! [`Facts`] is everything that a decision may depend on, as one document: whoever has the document and the policy
//! can compute the decision again and get the same. [`decide`] asks each gate of each policy; a gate is one file in
//! `gates` and one arm there.
//!
//! This crate does no I/O, reads no clock and draws no random number: the instant is part of the facts.

pub mod cedar;
pub mod contracts;
mod counting;
mod decide;
pub mod flakiness;
mod found;
mod gates;
pub mod rego;
pub mod selection;

pub use decide::{Answer, Modules, decide, decide_with};
pub use shipway_model::gate::facts::{self, Facts};
