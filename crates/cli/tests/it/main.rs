//! The binary as people and scripts meet it.

mod artifact;
mod bad_input;
mod calendar;
mod completion;
mod config;
mod evidence;
mod faults;
mod help;
mod inspect;
mod live;
mod program;
mod rollout;
mod site;
mod unreachable;
mod validate;
mod witness;
