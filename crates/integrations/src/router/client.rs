//! A client's connection: HTTP/1.1, or HTTP/2 with prior knowledge, told apart by the first bytes.

use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::rt::{Executor, ReadBufCursor};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::forward;
use super::listener::Endpoint;
use super::worker::Worker;

/// What every HTTP/2 connection starts with (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a connection may be idle, or take to send the head of a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Larger request heads are answered with 431.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Read and write buffers of a connection.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// A silent HTTP/2 client is asked for a sign of life this often, and has this long to give it.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// What the requests of one connection share.
pub(super) struct Client {
    pub(super) worker: Rc<Worker>,
    /// The client's address, as `X-Forwarded-For` wants it.
    pub(super) peer: HeaderValue,
}

/// Serves a connection until either side closes it. Faults of a connection are the client's own and end it.
pub(super) async fn serve(worker: Rc<Worker>, stream: StdStream, peer: SocketAddr, endpoint: &Endpoint) {
    let Ok(mut stream) = TcpStream::from_std(stream) else { return };
    let _ = stream.set_nodelay(true);
    let Ok(Ok((protocol, seen))) = timeout(IDLE_TIMEOUT, recognise(&mut stream)).await else { return };
    let peer =
        HeaderValue::try_from(peer.ip().to_canonical().to_string()).expect("an address is plain ASCII");
    let client = Rc::new(Client { worker, peer });
    let service = service_fn(|request: Request<Incoming>| {
        let (client, table) = (Rc::clone(&client), endpoint.table.load_full());
        async move { Ok::<_, std::convert::Infallible>(forward::answer(client, table, request).await) }
    });
    let stream = Seen { seen, stream: TokioIo::new(stream) };
    match protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE_TIMEOUT)
                .max_header_size(HEAD_BYTES_MAX)
                .max_buf_size(BUFFER_BYTES_MAX);
            let connection = builder.serve_connection(stream, service).with_upgrades();
            run(connection, &endpoint.closed, |connection| connection.graceful_shutdown()).await;
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(LocalExecutor);
            builder
                .timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS_MAX)
                .max_header_list_size(HEAD_BYTES_MAX as u32)
                .keep_alive_interval(PING_INTERVAL)
                .keep_alive_timeout(PING_TIMEOUT);
            let connection = builder.serve_connection(stream, service);
            run(connection, &endpoint.closed, |connection| connection.graceful_shutdown()).await;
        }
    }
}

/// Runs a connection to its end; when the listener closes, to the end of what is in flight.
async fn run<C: Future>(connection: C, closed: &CancellationToken, finish: impl FnOnce(Pin<&mut C>)) {
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        _ = &mut connection => {}
        () = closed.cancelled() => {
            finish(connection.as_mut());
            connection.await;
        }
    }
}

enum Protocol {
    Http1,
    Http2,
}

/// Reads until the bytes differ from the HTTP/2 preface or are all of it.
async fn recognise(stream: &mut TcpStream) -> io::Result<(Protocol, Bytes)> {
    let mut seen = Vec::with_capacity(HTTP2_PREFACE.len());
    while seen.len() < HTTP2_PREFACE.len() {
        let mut rest = (&mut *stream).take((HTTP2_PREFACE.len() - seen.len()) as u64);
        if rest.read_buf(&mut seen).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !HTTP2_PREFACE.starts_with(&seen) {
            return Ok((Protocol::Http1, seen.into()));
        }
    }
    Ok((Protocol::Http2, seen.into()))
}

/// A stream whose first bytes were read already.
struct Seen {
    seen: Bytes,
    stream: TokioIo<TcpStream>,
}

impl hyper::rt::Read for Seen {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = self.seen.len().min(buffer.remaining());
        buffer.put_slice(&self.seen[..length]);
        self.seen.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Seen {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}

/// Runs the streams of an HTTP/2 connection on the worker's own thread.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future<Output: 'static> + 'static> Executor<F> for LocalExecutor {
    fn execute(&self, stream: F) {
        tokio::task::spawn_local(stream);
    }
}
