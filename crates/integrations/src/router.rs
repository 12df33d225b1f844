//! The built-in traffic router: a reverse proxy for HTTP/1.1 and HTTP/2 (cleartext, prior knowledge) that
//! shifts traffic between the versions of a service.
//!
//! It is told whole [`Route`]s over its admin API and never decides anything about them: no weight changes
//! by itself. Backends are spoken to in HTTP/1.1; TLS ends in front of the router.
//!
//! A request's path, from file to file: `listener` accepts, `worker` owns the thread, `client` speaks to
//! the client, `table` chooses, `forward` and `attempt` send and retry, `upstream` keeps the connections,
//! `exchange` counts. The other half: `admin` is the API, `control` changes what is served,
//! `state_file` keeps it over restarts, `probe` looks after health.
//!
//! Invariants: a request in flight and a client's connection outlive every change of weights; a backend that
//! left finishes what it has until its drain time is over; what a backend may have acted on is never sent twice
//! unless that is harmless by definition.
//!
//! Choices: `x-shipway-version` in a request names a version, whatever its weight; in an answer it says who
//! answered. A backend that fails its probes, or refuses a connection, gets nothing while another of its version
//! is up; when all are down they are tried all the same. A client may idle for 60 s; a backend has 2 s to accept
//! and 60 s to begin its answer.
//!
//! [`Route`]: shipway_model::routing::Route

mod admin;
mod attempt;
mod backend;
mod client;
mod control;
mod exchange;
mod forward;
mod headers;
mod listener;
mod metrics;
mod probe;
mod problem;
mod state_file;
mod sticky;
mod table;
mod tunnel;
mod upload;
mod upstream;
mod validity;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::admin::Admin;
use self::control::Control;
pub use self::control::{BackendStatus, RouteStatus};
use self::worker::{Order, WorkerHandle};

/// What a router is started with.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// Where the admin API listens; port 0 takes a free one.
    pub admin: SocketAddr,
    /// Where the routes are kept over restarts; without it they are forgotten.
    pub state_file: Option<PathBuf>,
    /// The bearer token that changes over the admin API need.
    pub token: Option<String>,
    /// Worker threads; 0 takes one per processor.
    pub workers: usize,
}

/// Why a router did not start.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    #[error("the admin API cannot listen on {address}")]
    Admin { address: SocketAddr, source: io::Error },
    #[error("cannot take up the routes held in {}", path.display())]
    Restore { path: PathBuf, source: io::Error },
    #[error("cannot start a worker thread")]
    Worker(#[source] io::Error),
}

/// A running router. Dropping it ends everything at once; [`Router::shutdown`] lets requests finish.
pub struct Router {
    admin_address: SocketAddr,
    admin: JoinHandle<()>,
    control: Arc<Control>,
    workers: Arc<[WorkerHandle]>,
    threads: Vec<thread::JoinHandle<()>>,
    running: DropGuard,
}

impl Router {
    /// Starts the worker threads, takes up the routes of the state file, and opens the admin API last, so that
    /// whoever reaches it finds a router that serves.
    ///
    /// Listeners, probes and the admin API run on the caller's runtime, which must live as long as the router;
    /// requests run on the worker threads.
    ///
    /// # Errors
    /// When an address cannot be listened on, the state file cannot be read, or a thread cannot be started.
    pub async fn start(config: RouterConfig) -> Result<Self, RouterError> {
        let n_workers = match config.workers {
            0 => thread::available_parallelism().map_or(1, usize::from),
            n_workers => n_workers,
        };
        let mut started =
            (0..n_workers).map(worker::start).collect::<Result<Vec<_>, _>>().map_err(RouterError::Worker)?;
        let workers: Arc<[WorkerHandle]> = started.iter().map(|(handle, _)| handle.clone()).collect();
        let threads = started.drain(..).map(|(_, thread)| thread).collect();
        let control = Arc::new(Control::new(config.state_file.clone(), Arc::clone(&workers)));
        control
            .restore()
            .await
            .map_err(|source| RouterError::Restore { path: config.state_file.unwrap_or_default(), source })?;
        let of_admin = |source| RouterError::Admin { address: config.admin, source };
        let listener = TcpListener::bind(config.admin).await.map_err(of_admin)?;
        let admin_address = listener.local_addr().map_err(of_admin)?;
        let closed = CancellationToken::new();
        let api = Arc::new(Admin { control: Arc::clone(&control), token: config.token });
        let admin = tokio::spawn(admin::serve(api, listener, closed.clone()));
        Ok(Self { admin_address, admin, control, workers, threads, running: closed.drop_guard() })
    }

    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Stops listening, lets requests in flight finish for up to ten seconds, and ends the threads. The addresses
    /// are free again when this returns.
    pub async fn shutdown(self) {
        drop(self.running);
        let _ = self.admin.await;
        self.control.close().await;
        self.workers.iter().for_each(|worker| worker.order(Order::Finish));
        let threads = self.threads;
        let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
    }
}
