//! Listening for one service and handing each client connection to the least busy worker.
//!
//! One socket accepts and hands off, rather than one socket per worker with `SO_REUSEPORT`: few long-lived
//! connections then spread evenly, a taken address is an error instead of a silent share, and closing the
//! listener loses no connection that waits in another worker's queue.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::table::Table;
use super::worker::WorkerHandle;

/// Client connections at once, over all listeners, per worker; more are closed as they come.
const CONNECTIONS_MAX_PER_WORKER: usize = 20_000;
/// Pause after `accept` failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a client connection needs to know of where it came in.
pub(super) struct Endpoint {
    /// The service's table, replaced as a whole.
    pub(super) table: Arc<ArcSwap<Table>>,
    /// The listener closes: finish the request in flight and close.
    pub(super) closed: CancellationToken,
}

/// Binds an address.
///
/// # Errors
/// When the address is taken, not of this machine, or not permitted.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Accepts until the endpoint closes.
pub(super) async fn accept(listener: TcpListener, endpoint: Arc<Endpoint>, workers: Arc<[WorkerHandle]>) {
    let closed = endpoint.closed.clone();
    let accepting = async {
        loop {
            match listener.accept().await.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
                Ok((stream, peer)) => {
                    let idlest = workers.iter().min_by_key(|worker| worker.n_connections());
                    if let Some(worker) = idlest.filter(|w| w.n_connections() < CONNECTIONS_MAX_PER_WORKER) {
                        worker.serve(stream, peer, Arc::clone(&endpoint));
                    }
                }
                Err(fault) if is_of_one_connection(&fault) => {}
                Err(fault) => {
                    tracing::warn!(%fault, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    closed.run_until_cancelled(accepting).await;
}

fn is_of_one_connection(fault: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(fault.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
