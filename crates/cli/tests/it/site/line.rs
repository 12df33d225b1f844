//! Lines that carry bytes and can fail: a replica's to the database, and everybody's to the replicas.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A replica's line to the database's socket.
pub(crate) struct DatabaseLine {
    address: SocketAddr,
    is_silent: watch::Sender<bool>,
    carrying: JoinHandle<()>,
}

impl DatabaseLine {
    pub(crate) async fn lay(address: Ipv4Addr, socket: PathBuf) -> Self {
        let address = SocketAddr::from((address, 5432));
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let is_silent = watch::Sender::new(false);
        let carrying = tokio::spawn(carry_to_database(listener, socket, is_silent.clone()));
        Self { address, is_silent, carrying }
    }

    /// From now on nothing comes through, and neither end is told: as when a cable is pulled.
    pub(crate) fn fall_silent(&self) {
        self.is_silent.send_replace(true);
    }

    pub(crate) fn restore(&self) {
        self.is_silent.send_replace(false);
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://shipway@{}/postgres", self.address)
    }
}

impl Drop for DatabaseLine {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry_to_database(listener: TcpListener, socket: PathBuf, is_silent: watch::Sender<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let (here, _) = listener.accept().await.expect("it listens");
        let (socket, silence) = (socket.clone(), is_silent.clone());
        connections.spawn(async move {
            let Ok(there) = UnixStream::connect(socket).await else { return };
            let (here_in, here_out) = here.into_split();
            let (there_in, there_out) = there.into_split();
            // Either end that closes ends both, once the line speaks again.
            tokio::select! {
                () = carry(here_in, there_out, silence.subscribe()) => {}
                () = carry(there_in, here_out, silence.subscribe()) => {}
            }
        });
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut is_silent: watch::Receiver<bool>,
) {
    let mut piece = [0; 16 * 1024];
    loop {
        let read = from.read(&mut piece).await;
        // The sender lives with the line.
        if is_silent.wait_for(|it| !it).await.is_err() {
            return;
        }
        match read {
            Ok(0) | Err(_) => return,
            Ok(n) if to.write_all(&piece[..n]).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

/// One address for all replicas: each connection goes to the next of them that takes it, and those that are sent
/// nobody get nobody.
pub(crate) struct Balancer {
    targets: watch::Sender<Vec<SocketAddr>>,
    carrying: JoinHandle<()>,
}

impl Balancer {
    pub(crate) async fn start(address: SocketAddr, targets: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let targets = watch::Sender::new(targets);
        let carrying = tokio::spawn(balance(listener, targets.clone()));
        Self { targets, carrying }
    }

    /// Only these get connections from now on; those of others end.
    pub(crate) fn send_to(&self, targets: Vec<SocketAddr>) {
        self.targets.send_replace(targets);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn balance(listener: TcpListener, targets: watch::Sender<Vec<SocketAddr>>) {
    let mut connections = JoinSet::new();
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        let (mut here, _) = listener.accept().await.expect("it listens");
        let (mut targets, turn) = (targets.subscribe(), turn.clone());
        connections.spawn(async move {
            let all = targets.borrow_and_update().clone();
            let first = turn.fetch_add(1, Ordering::Relaxed);
            for idx in 0..all.len() {
                let target = all[(first + idx) % all.len()];
                let connecting = tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(target));
                let Ok(Ok(mut there)) = connecting.await else { continue };
                tokio::select! {
                    _ = copy_bidirectional(&mut here, &mut there) => {}
                    _ = targets.wait_for(|it| !it.contains(&target)) => {}
                }
                return;
            }
        });
    }
}
