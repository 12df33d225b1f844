//! The port of what is pushed as OTLP: the server takes bytes, whoever puts the control plane together hands in who reads
//! them.

use std::fmt;

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
    /// Takes one export request and answers with its response, in the same encoding.
    ///
    /// # Errors
    /// A sentence: why the body is no such request. Nothing was taken in then.
    fn take(&self, signal: Signal, encoding: Encoding, is_gzip: bool, body: &[u8])
    -> Result<Vec<u8>, String>;
}
