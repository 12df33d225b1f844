//! Log lines in, templates out; and what the new version logs that the old one did not, or logs more often.
//!
//! Lines become templates by an online miner of the Drain family (He, Zhu, Zheng & Lyu, "Drain: An online log parsing
//! approach with fixed depth tree", ICWS 2017), its memory bounded. Every template of both versions is then compared by
//! an exact test ([`crate::compare`]), and the false discovery rate is controlled over all of them. Structured lines
//! (JSON objects) are mined by their message, and their fields are compared as well. Known failures are found by
//! [`Signature`]s, whatever their rate, and lines are held against their declared [`Structure`].
//!
//! The tests take occurrences of a template for independent. Lines come in bursts, so a rise has to exceed a margin.
//!
//! Start at [`Logs`].

mod comparison;
mod field;
mod miner;
mod record;
mod signature;
mod structure;
mod template;
mod token;

pub use comparison::{Change, Finding, Logs, Report, Rule};
pub use field::MissingField;
pub use miner::{Miner, TemplateId};
pub use record::{Level, Record};
pub use shipway_model::resource::strategy::{FieldType, Signature, Structure};
pub use signature::{InvalidSignature, Match, Signatures};
pub use structure::{Breach, is_in_breach};
pub use template::is_of_template;
