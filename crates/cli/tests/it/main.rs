//! The binary as people and scripts meet it.

mod access;
mod almanac;
mod analysis;
mod archive;
mod artifact;
mod bad_input;
#[cfg(feature = "s3")]
#[path = "../../../store/tests/it/bucket.rs"]
mod bucket;
mod calendar;
mod ci;
#[path = "../../../store/tests/it/cluster.rs"]
mod cluster;
mod completion;
mod config;
mod evidence;
mod faults;
mod fresh_control;
mod governance;
mod help;
mod host;
mod inspect;
mod live;
#[cfg(feature = "s3")]
mod object_storage;
mod policy;
mod program;
mod provenance;
mod prune;
mod quality;
mod rego;
mod replicas;
mod rollout;
mod sign_in;
mod signals;
mod site;
mod store;
mod tools;
mod torture;
mod trust;
mod unreachable;
mod validate;
mod vuln;
mod witness;
