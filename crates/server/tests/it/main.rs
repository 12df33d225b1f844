//! The server over real HTTP on loopback, with the store in memory.

mod access;
mod accounts;
mod agents;
mod as_of;
mod bad_input;
mod bed;
mod blobs;
mod boards;
mod changes;
mod erasure;
mod events;
mod evidence;
mod gates;
mod governed;
mod ledger;
mod oidc;
mod open;
mod outage;
mod pages;
mod resources;
mod rollouts;
mod schedule;
mod shutdown;
mod telemetry;
mod tricks;
mod watching;
