//! What the server is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The largest JSON body, in bytes.
pub(crate) const JSON_BYTES_MAX: usize = 1024 * 1024;
/// How long a request may take, its waits aside.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long bytes of a streamed body may fail to come.
pub(crate) const BODY_SILENCE_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder in which blobs are kept, in `blobs/`.
    pub data: PathBuf,
    /// The largest blob.
    pub blob_bytes_max: u64,
    /// Event streams open at once; further ones are refused.
    pub streams_max: usize,
}

impl Config {
    /// The usual limits: blobs of 1 GiB, 256 streams.
    pub fn new(listen: SocketAddr, data: impl Into<PathBuf>) -> Self {
        Self { listen, data: data.into(), blob_bytes_max: 1 << 30, streams_max: 256 }
    }
}
