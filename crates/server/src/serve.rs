//! The listening server: its start, and its end without dropping what is under way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shipway_runtime::Runtime;
use shipway_runtime::driver::{Driver, LogSink};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::gates::{GateDriver, Gates};
use crate::router::router;
use crate::{absence, conductor, connections};

/// How long requests under way may take to end once the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// A server that listens. Dropped, it goes on for as long as the process; [`Server::shutdown`] ends it.
pub struct Server {
    address: SocketAddr,
    gates: Arc<Gates>,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the folder {} cannot be used", folder.display())]
    Folder { folder: std::path::PathBuf, source: io::Error },
}

impl Server {
    /// Listens and answers from now on. `logs` are the same that the worker's drivers write.
    ///
    /// # Errors
    /// When the address is taken or the data folder cannot be used.
    pub async fn start(config: Config, runtime: Runtime, logs: Arc<dyn LogSink>) -> Result<Self, StartError> {
        let wanted = config.listen;
        let listen = |source| StartError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let app = App::open(&config, address, runtime, logs)
            .map_err(|source| StartError::Folder { folder: config.data.clone(), source })?;
        let (stopping, gates) = (app.stopping.clone(), app.gates.clone());
        tokio::spawn(absence::watch(app.clone()));
        tokio::spawn(conductor::watch(app.clone()));
        let running = tokio::spawn(connections::serve(listener, router(app), stopping.clone()));
        Ok(Self { address, gates, stopping, running })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What performs the orders that ask gates: the documents are the server's to read.
    pub fn gate_driver(&self) -> Arc<dyn Driver> {
        Arc::new(GateDriver(self.gates.clone()))
    }

    /// Takes no more connections, ends event streams and long polls, and lets the rest finish for ten seconds.
    pub async fn shutdown(mut self) {
        self.stopping.cancel();
        match tokio::time::timeout(GRACE, &mut self.running).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = %error, "the server ended by a panic"),
            Err(_) => {
                tracing::warn!("requests were cut off: they did not end in time");
                self.running.abort();
            }
        }
    }
}
