//! The promises of the core, at its boundary: commands in, events and effects out.

mod access;
mod alerts;
mod calendar;
mod changes;
mod gates;
mod governance;
mod held;
mod plan;
mod rollout;
mod schedule;
mod survive;
mod time;
mod trains;
mod watch;
mod world;
