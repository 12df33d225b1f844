//! What travels between the control plane and everyone else: one table of operations, the wire types, the
//! catalogue of problems, and the typed client.
//!
//! The server's routes, the OpenAPI document, the client and the permission docs all come from the one table in
//! [`operations`], so they cannot disagree. This crate never decides anything and never reads a clock.
//!
//! Start at [`operations`] for what can be asked, at [`view`] for what is answered, at [`problem`] for what can
//! go wrong, and at [`client`] to ask.

pub mod client;
pub mod endpoint;
pub mod openapi;
pub mod operations;
pub mod page;
pub mod payload;
pub mod permission;
pub mod problem;
pub mod selector;
pub mod view;

pub use client::Client;
pub use endpoint::{Endpoint, Method, Operation};
pub use page::Page;
pub use payload::{Events, Json, Octets, Text};
pub use permission::Permission;
pub use problem::{Code, Problem};
pub use selector::ReleaseSelector;
