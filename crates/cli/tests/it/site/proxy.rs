//! A line between agents and the control plane that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub(crate) struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    line: Option<JoinHandle<()>>,
}

impl Proxy {
    pub(crate) async fn start(address: SocketAddr, target: SocketAddr) -> Self {
        let mut proxy = Self { address, target, line: None };
        proxy.restore().await;
        proxy
    }

    /// Ends all connections and takes no new ones.
    pub(crate) async fn cut(&mut self) {
        let line = self.line.take().expect("it is not cut");
        line.abort();
        let _ = line.await;
    }

    pub(crate) async fn restore(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the address is free");
        self.line = Some(tokio::spawn(carry(listener, self.target)));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Until the task is aborted; what it carries ends with it.
async fn carry(listener: TcpListener, target: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        let (mut here, _) = listener.accept().await.expect("it listens");
        connections.spawn(async move {
            if let Ok(mut there) = TcpStream::connect(target).await {
                let _ = copy_bidirectional(&mut here, &mut there).await;
            }
        });
    }
}
