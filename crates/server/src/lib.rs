//! The control plane's face: HTTP for programs, one live page for people.
//!
//! Every route comes from the table in [`shipway_api::operations`]. A handler reads what was asked, turns it into a
//! command or a look at the committed state, and answers with a view; whether the caller may is decided before the
//! handler is reached. Nothing is decided here about releases or rollouts, and nothing of theirs is stored here but
//! blobs and logs, which are files.
//!
//! Start at [`Server::start`]; `incoming.rs` is what every request goes through.

mod absence;
mod access;
mod app;
mod blob;
mod bootstrap;
mod conductor;
mod config;
mod connections;
mod consumers;
mod etag;
mod feed;
mod gates;
mod hearing;
mod incoming;
mod knowledge;
mod metrics;
mod open;
mod pages;
mod payload;
mod problem;
mod recall;
mod router;
mod routes;
mod serve;
mod sign_in;
mod telemetry;
mod views;

pub use access::rules::{Compile, Decide};
pub use app::App;
pub use bootstrap::{ensure_admin_token, issue_admin_token};
pub use config::{
    AttestationVerifier, Config, DeployJudge, DocumentReader, EvidenceReader, GateAsker, RuleReader,
    TestHistorian, WebhookReader, WebhookVerifier,
};
pub use router::router;
pub use serve::{Server, StartError};
pub use sign_in::oidc::Provider;
