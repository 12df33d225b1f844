//! The binary as people and scripts meet it.

mod access;
mod archive;
mod artifact;
mod bad_input;
mod calendar;
#[path = "../../../store/tests/it/cluster.rs"]
mod cluster;
mod completion;
mod config;
mod evidence;
mod faults;
mod help;
mod inspect;
mod live;
mod policy;
mod program;
mod provenance;
mod quality;
mod replicas;
mod rollout;
mod signals;
mod site;
mod store;
mod torture;
mod unreachable;
mod validate;
mod witness;
