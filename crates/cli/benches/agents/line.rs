//! One agent's connection, in as little HTTP as will do: this process must not use the cores that it measures.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Line {
    stream: TcpStream,
    host: String,
    token: String,
    address: SocketAddr,
    received: Vec<u8>,
}

impl Line {
    pub(crate) async fn connect(address: SocketAddr, host: String, token: String) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        Self { stream, host, token, address, received: Vec::new() }
    }

    pub(crate) async fn register(&mut self) {
        let body = serde_json::json!({"host": self.host, "address": "127.0.0.1", "labels": {}});
        self.post("/api/v1/agents", &body.to_string()).await;
    }

    pub(crate) async fn lease(&mut self, wait_ms: u64) {
        let body = serde_json::json!({"max": 16, "waitMs": wait_ms, "holder": self.host, "renew": []});
        let path = format!("/api/v1/agents/{}/leases", self.host);
        self.post(&path, &body.to_string()).await;
    }

    /// # Panics
    /// When it is not answered well.
    async fn post(&mut self, path: &str, body: &str) {
        let (address, token, length) = (self.address, &self.token, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.expect("the line holds");
        self.received.clear();
        while !self.is_whole() {
            let n_read = self.stream.read_buf(&mut self.received).await.expect("the line holds");
            assert!(n_read > 0, "{path}: the line was closed after {:?}", self.text());
        }
        assert!(self.received.starts_with(b"HTTP/1.1 2"), "{path}: {}", self.text());
    }

    fn is_whole(&self) -> bool {
        let Some(end) = self.received.windows(4).position(|it| it == b"\r\n\r\n") else { return false };
        let head = String::from_utf8_lossy(&self.received[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse().ok());
        let length: usize = length.expect("answers say how long they are");
        self.received.len() >= end + 4 + length
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}
