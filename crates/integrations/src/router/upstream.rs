//! The connections of one worker to the backends: kept alive, reused last in first out, never shared between
//! threads. Everything that a backend has open on this worker hangs on its [`Upstream`], so that dropping it
//! closes all of it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::backend::{BackendId, BackendState};
use super::upload::Upload;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle connections are closed after this long; common servers close theirs after 60 s or more, so that the
/// router is the one to close first and a request seldom meets a closing connection.
const IDLE_AGE_MAX: Duration = Duration::from_secs(30);
/// Idle connections kept per backend and worker.
const IDLE_COUNT_MAX: usize = 512;
/// Connections looked at before a new one is made; those above may still be finishing an upload.
const IDLE_SCAN_MAX: usize = 4;
/// Heads of answers above this are refused.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// One open connection that serves one request at a time.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Upload>,
    /// Whether it has served a request before.
    pub(super) reused: bool,
    idle_since: Instant,
}

/// The open connections of one worker, by backend.
#[derive(Default)]
pub(super) struct Upstreams(RefCell<HashMap<BackendId, Upstream>>);

#[derive(Default)]
struct Upstream {
    idle: Vec<Connection>,
    /// What drives the connections, and the tunnels over them.
    tasks: JoinSet<()>,
}

impl Upstreams {
    /// An idle connection that is ready, if there is one.
    pub(super) fn take(&self, backend: BackendId) -> Option<Connection> {
        let mut upstreams = self.0.borrow_mut();
        let idle = &mut upstreams.get_mut(&backend)?.idle;
        let mut place = idle.len();
        for _ in 0..IDLE_SCAN_MAX.min(idle.len()) {
            place -= 1;
            if idle[place].sender.is_ready() {
                return Some(idle.remove(place));
            }
            if idle[place].sender.is_closed() {
                idle.remove(place);
            }
        }
        None
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When the backend does not accept within two seconds. Nothing was sent then.
    pub(super) async fn connect(&self, backend: &BackendState) -> io::Result<Connection> {
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(backend.address)).await??;
        stream.set_nodelay(true)?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // Its error is also the error of the request on it.
        self.spawn(backend.id, async move { drop(driver.with_upgrades().await) });
        Ok(Connection { sender, reused: false, idle_since: Instant::now() })
    }

    /// Runs a task that ends with the backend's time at the latest.
    pub(super) fn spawn(&self, backend: BackendId, task: impl Future<Output = ()> + 'static) {
        let mut upstreams = self.0.borrow_mut();
        let tasks = &mut upstreams.entry(backend).or_default().tasks;
        while tasks.try_join_next().is_some() {}
        tasks.spawn_local(task);
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn put(&self, backend: &BackendState, mut connection: Connection, now: Instant) {
        if backend.is_draining() || connection.sender.is_closed() {
            return;
        }
        if let Some(upstream) = self.0.borrow_mut().get_mut(&backend.id)
            && upstream.idle.len() < IDLE_COUNT_MAX
        {
            connection.reused = true;
            connection.idle_since = now;
            upstream.idle.push(connection);
        }
    }

    /// Closes what is idle; what is in use goes on.
    pub(super) fn close_idle(&self, backend: BackendId) {
        let idle = self.0.borrow_mut().get_mut(&backend).map(|upstream| std::mem::take(&mut upstream.idle));
        drop(idle);
    }

    /// Closes everything that the backend has open.
    pub(super) fn close_all(&self, backend: BackendId) {
        // Dropped outside of the borrow: tasks that end give their connections back.
        let upstream = self.0.borrow_mut().remove(&backend);
        drop(upstream);
    }

    /// Closes connections that idled too long, and forgets backends without any.
    pub(super) fn sweep(&self, now: Instant) {
        let mut aged = Vec::new();
        for upstream in self.0.borrow_mut().values_mut() {
            let young =
                |connection: &Connection| now.saturating_duration_since(connection.idle_since) < IDLE_AGE_MAX;
            aged.extend(
                upstream
                    .idle
                    .extract_if(.., |connection| !young(connection) || connection.sender.is_closed()),
            );
            while upstream.tasks.try_join_next().is_some() {}
        }
        self.0.borrow_mut().retain(|_, upstream| !upstream.idle.is_empty() || !upstream.tasks.is_empty());
    }
}
