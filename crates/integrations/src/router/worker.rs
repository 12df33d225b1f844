//! Worker threads: each has a single-threaded runtime, its own client connections and its own connections to
//! the backends. Nothing on a request's way is shared between workers but counters and the routing table.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use super::backend::BackendId;
use super::client;
use super::listener::Endpoint;
use super::upstream::Upstreams;

/// How long requests in flight may take when the router shuts down.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What is told to a worker.
pub(super) enum Order {
    Serve {
        stream: StdStream,
        peer: SocketAddr,
        endpoint: Arc<Endpoint>,
    },
    CloseIdle(BackendId),
    CloseAll(BackendId),
    /// Finish what is in flight and end the thread.
    Finish,
}

/// A worker as others see it.
#[derive(Clone)]
pub(super) struct WorkerHandle {
    orders: mpsc::UnboundedSender<Order>,
    n_connections: Arc<AtomicUsize>,
}

/// A worker as its own tasks see it.
pub(super) struct Worker {
    /// Its shard of every counter.
    pub(super) shard: usize,
    pub(super) upstreams: Upstreams,
    random: Cell<u64>,
    n_connections: Arc<AtomicUsize>,
}

/// Starts a worker's thread.
///
/// # Errors
/// When the operating system gives no thread or no event queue.
pub(super) fn start(shard: usize) -> io::Result<(WorkerHandle, thread::JoinHandle<()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (orders, inbox) = mpsc::unbounded_channel();
    let n_connections = Arc::new(AtomicUsize::new(0));
    let handle = WorkerHandle { orders, n_connections: Arc::clone(&n_connections) };
    let run = move || {
        let seed = RandomState::new().hash_one(shard) | 1;
        let worker =
            Worker { shard, upstreams: Upstreams::default(), random: Cell::new(seed), n_connections };
        LocalSet::new().block_on(&runtime, run(Rc::new(worker), inbox));
    };
    let thread = thread::Builder::new().name(format!("router-{shard}")).spawn(run)?;
    Ok((handle, thread))
}

impl WorkerHandle {
    /// A worker that has ended ignores orders.
    pub(super) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// Client connections that it has now.
    pub(super) fn n_connections(&self) -> usize {
        self.n_connections.load(Relaxed)
    }

    /// Hands a client connection over. It counts from now on, so that the next one goes elsewhere.
    pub(super) fn serve(&self, stream: StdStream, peer: SocketAddr, endpoint: Arc<Endpoint>) {
        self.n_connections.fetch_add(1, Relaxed);
        self.order(Order::Serve { stream, peer, endpoint });
    }
}

impl Worker {
    /// A number for spreading load, not for secrets (xorshift64*, Vigna 2016).
    pub(super) fn random(&self) -> u64 {
        let mut state = self.random.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.random.set(state);
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

async fn run(worker: Rc<Worker>, mut inbox: mpsc::UnboundedReceiver<Order>) {
    let mut clients = JoinSet::new();
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        let order = tokio::select! {
            order = inbox.recv() => order,
            _ = sweep.tick() => {
                worker.upstreams.sweep(Instant::now());
                continue;
            }
            Some(_) = clients.join_next() => continue,
        };
        match order {
            Some(Order::Serve { stream, peer, endpoint }) => {
                let worker = Rc::clone(&worker);
                clients.spawn_local(async move {
                    let counted = Counted(Rc::clone(&worker));
                    client::serve(worker, stream, peer, &endpoint).await;
                    drop(counted);
                });
            }
            Some(Order::CloseIdle(backend)) => worker.upstreams.close_idle(backend),
            Some(Order::CloseAll(backend)) => worker.upstreams.close_all(backend),
            Some(Order::Finish) => break,
            // The router was dropped: everything ends at once.
            None => return,
        }
    }
    let all = async { while clients.join_next().await.is_some() {} };
    let _ = timeout(SHUTDOWN_GRACE, all).await;
}

/// Takes the connection off the worker's count, also when its task is cancelled.
struct Counted(Rc<Worker>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.n_connections.fetch_sub(1, Relaxed);
    }
}
