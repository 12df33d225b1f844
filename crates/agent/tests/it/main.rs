//! The agent as a process, against a small control plane that speaks real HTTP, with real services.

mod agent;
mod artifact;
mod command;
mod control_plane;
mod cut_off;
mod delivery;
mod grpc;
mod outflow;
mod placement;
mod restart;
mod strays;
mod wait;
