//! Traffic routers: what is told which versions receive which share. One file per kind, and one entry in [`ALL`].

pub(crate) mod builtin;

pub use crate::spec::Spec;

/// Every kind of traffic router.
pub const ALL: &[Spec] = &[builtin::SPEC];
