//! The readers of documents and nothing else of this crate: the root of what `fuzz/readers` builds, with the counters of
//! libFuzzer, under which the whole crate would take minutes to build. No module of this crate's own.

#![expect(unused_imports, reason = "the rest of the crate uses what its readers share")]

pub mod contracts;
pub mod evidence;
pub mod provenance;
