//! Connections: taken, bounded and timed, and ended without dropping what is under way.
//!
//! HTTP/1.1 alone: a browser speaks nothing else without TLS, and whatever stands in front to add TLS speaks it too.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::sign_in::Peer;

/// Connections at once; more wait to be taken. Every agent keeps one or two.
const CONNECTIONS_MAX: usize = 16_384;
/// How long a connection may be idle, or take to send the head of a request: whoever sends nothing must not hold a
/// place for ever.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Larger request heads are answered with 431.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Pause after `accept` failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stopping` fires, and then for as long as requests under way take.
pub(crate) async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    serve_with(listener, router, stopping, IDLE_MAX).await;
}

async fn serve_with(listener: TcpListener, router: Router, stopping: CancellationToken, idle_max: Duration) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accepting = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip());
                    tokio::spawn(run(stream, peer, router.clone(), graceful.watcher(), idle_max, place));
                }
                Err(fault) if is_of_one_connection(&fault) => {}
                Err(fault) => {
                    tracing::warn!(%fault, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    stopping.run_until_cancelled(accepting).await;
    drop(listener);
    graceful.shutdown().await;
}

/// One connection. Its faults are the caller's own and end it.
async fn run(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    watcher: Watcher,
    idle_max: Duration,
    _place: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(idle_max).max_header_size(HEAD_BYTES_MAX);
    // A layer would make every route anew for every connection.
    let router = TowerToHyperService::new(router);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    if let Err(fault) = watcher.watch(connection).await {
        tracing::debug!(%fault, "a connection ended by a fault");
    }
}

fn is_of_one_connection(fault: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(fault.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Serves nothing but 404 to those who are idle for at most 50 ms.
    async fn connect() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        tokio::spawn(serve_with(listener, Router::new(), stopping, Duration::from_millis(50)));
        TcpStream::connect(address).await.unwrap()
    }

    /// What comes until the server closes.
    async fn rest(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
        // A reset closes too.
        let _ = read.expect("the connection is closed");
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn whoever_does_not_finish_a_head_is_let_go() {
        for head in ["", "GET / HTTP/1.1\r\nHost: a\r\n", "PRI * HTTP/2.0\r\n"] {
            let mut stream = connect().await;
            stream.write_all(head.as_bytes()).await.unwrap();
            let answer = rest(stream).await;
            assert!(!answer.contains("404"), "{head:?}: {answer}");
        }
    }

    #[tokio::test]
    async fn whoever_is_answered_and_asks_no_more_is_let_go() {
        let mut stream = connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        assert!(rest(stream).await.starts_with("HTTP/1.1 404"));
    }

    #[tokio::test]
    async fn a_large_head_is_refused() {
        let mut stream = connect().await;
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n", "a".repeat(HEAD_BYTES_MAX));
        // It may be refused before all of it is written.
        let _ = stream.write_all(head.as_bytes()).await;
        assert!(rest(stream).await.starts_with("HTTP/1.1 431"));
    }
}
