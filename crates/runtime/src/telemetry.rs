//! The port of what is pushed as OTLP: the server takes bytes, whoever puts the control plane together hands in who reads
//! them.
//!
//! Reading and keeping are two: what is pushed says itself of whom it tells, and whether the caller may tell of them is
//! asked in between.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Metrics,
    Logs,
    Traces,
}

/// How a message is written, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Takes in what is pushed.
pub trait Receive: fmt::Debug + Send + Sync {
    /// Reads one export request, and keeps nothing of it yet.
    ///
    /// # Errors
    /// A sentence: why the body is no such request.
    fn read(
        self: Arc<Self>,
        signal: Signal,
        encoding: Encoding,
        is_gzip: bool,
        body: &[u8],
    ) -> Result<Box<dyn Pushed>, String>;
}

/// An export request that was read.
pub trait Pushed: Send {
    fn about(&self) -> About;

    /// Takes it in, and answers with its response in the encoding in which it came.
    ///
    /// # Errors
    /// A sentence: why there is no response.
    fn keep(self: Box<Self>) -> Result<Vec<u8>, String>;
}

/// Of whom a request tells, as its resources say: `service.name` and `deployment.environment.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    pub services: BTreeSet<String>,
    pub environments: BTreeSet<String>,
}
