//! Processes of the shop, and just enough HTTP to talk to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running service on a free port of the loopback. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
    log: mpsc::Receiver<Value>,
    _dir: TempDir,
}

impl Process {
    /// Starts `binary` with this `shop.json` and waits until it listens.
    pub(crate) fn start(binary: &str, shop_json: &str, environment: &[(&str, String)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("shop.json"), shop_json).unwrap();
        let mut child = Command::new(binary)
            .current_dir(dir.path())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log = follow(child.stdout.take().unwrap());
        let listening: Value = log.recv_timeout(PATIENCE).expect("the service listens");
        let address = listening["address"].as_str().unwrap().to_owned();
        Self { child, address, log, _dir: dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next line of its log that `wanted` accepts.
    pub(crate) fn wait_for_line(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.log.recv_timeout(PATIENCE).expect("the line is logged");
            if wanted(&line) {
                return line;
            }
        }
    }

    pub(crate) fn terminate(&self) {
        let killed = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        assert!(killed.unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        // Standard output ends when the process does.
        while self.log.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// `headers` are whole lines, each with its end.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        Answer::read(stream)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back over a connection that was then closed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The cookie that the answer sets, as a header line to send it back with.
    pub(crate) fn cookie(&self) -> String {
        let set = self.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        format!("Cookie: {}\r\n", set.split(';').next().unwrap())
    }
}

fn follow(stdout: impl Read + Send + 'static) -> mpsc::Receiver<Value> {
    let (sender, log) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let line = serde_json::from_str(&line).expect("every line of the log is JSON");
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    log
}
