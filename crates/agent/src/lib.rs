//! The host agent: performs the effects of one host and keeps its services running.
//!
//! It asks the control plane for work over HTTP, notes everything it does in a journal before and after it does
//! it, and watches each service that shall run. Services and commands are in process groups of their own and write to
//! files, so they go on when the agent ends, however it ends; the next agent finds them again. While the control
//! plane cannot be reached services are looked after as before, and reports wait.
//!
//! It never listens on a port, never passes the value of a secret on, never reads the wall clock (a wrong one
//! changes nothing), and never decides what should run: it carries out orders.
//!
//! Start at [`run`], then `lease.rs` for the main loop, `perform/` for what is done, `supervise.rs` for what is
//! kept running, `outflow.rs` for what services print.

mod archive;
mod backoff;
mod cache;
mod connections;
mod environment;
mod fleet;
mod health;
mod host;
mod journal;
mod layout;
mod lease;
mod link;
mod mask;
mod outflow;
mod perform;
mod port;
mod process;
mod reconcile;
mod report;
mod rotation;
mod strays;
mod supervise;
mod telemetry;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use shipway_model::Name;
use tracing::info;

pub use journal::JournalError;
pub use link::LinkError;

use host::Host;

#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// Of the control plane, `http://HOST:PORT`.
    pub server: String,
    /// With the role `agent`, for this host.
    pub token: String,
    pub host: Name,
    /// Where this host's instances listen and are reached.
    pub address: IpAddr,
    /// By which environments choose hosts, for example `zone` = `a`.
    pub labels: BTreeMap<String, String>,
    /// Everything that the agent keeps. One agent at a time.
    pub data_dir: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("the folder {path} cannot be used: {fault}")]
    Folder { path: PathBuf, fault: io::Error },
    #[error("another agent works in {0}")]
    InUse(PathBuf),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The address or the token is wrong, and there is nothing to look after meanwhile.
    #[error("{0}")]
    Link(#[from] LinkError),
}

/// Works until `shutdown`. Services and commands under way go on afterwards, for the next agent to find.
///
/// # Errors
/// Only at the start. Once it works, faults are logged and reported, and the agent goes on.
pub async fn run(config: AgentConfig, shutdown: impl Future<Output = ()>) -> Result<(), AgentError> {
    let host = Host::open(config)?;
    info!(host = %host.name, "agent starts");
    fleet::adopt_all(&host);
    let result = tokio::select! {
        () = shutdown => Ok(()),
        fault = lease::serve(&host) => Err(fault.into()),
        never = report::serve(&host) => match never {},
        never = strays::serve(&host) => match never {},
        never = outflow::serve(&host) => match never {},
    };
    host.fleet.abandon();
    info!(host = %host.name, "agent ends; what runs on this host goes on");
    result
}
