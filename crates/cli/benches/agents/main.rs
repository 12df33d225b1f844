//! Many agents that wait for something to do: processor time and memory of the real `shipway serve` that holds them.
//!
//! `cargo bench -p shipway-cli --bench agents`; `SHIPWAY_BENCH_AGENTS` sets how many (10,000) and `SHIPWAY_BENCH_SECONDS` for
//! how long they are watched (60). Each agent is one connection of this process that asks for effects again and again, as
//! `shipway agent` does: it waits for 20 s each time and gets none.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shipway_api::Client;
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_model::event::Role;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use line::Line;

mod line;

const AGENTS: u64 = 10_000;
const SECONDS: u64 = 60;
const WAIT_MS: u64 = 20_000;
/// Agents that register at one time.
const JOINING_MAX: usize = 64;

#[tokio::main]
async fn main() {
    let set = |name: &str| std::env::var(name).ok().map(|it| it.parse::<u64>().expect("a number"));
    let n_agents = set("SHIPWAY_BENCH_AGENTS").unwrap_or(AGENTS);
    let seconds = set("SHIPWAY_BENCH_SECONDS").unwrap_or(SECONDS);
    let folder = tempfile::tempdir().expect("a folder");
    let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port");
    let serve = Serve::start(folder.path(), address).await;
    let bare = serve.used();
    println!("idle: {:.1} MB", bare.resident_mb);

    let admin = fs::read_to_string(folder.path().join("admin-token")).expect("a token");
    let client = Client::new(&format!("http://{address}"), admin.trim().to_owned()).expect("an address");
    let (joining, n_polls) = (Arc::new(Semaphore::new(JOINING_MAX)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let mut agents = JoinSet::new();
    let mut polling = JoinSet::new();
    for number in 0..n_agents {
        let (client, joining) = (client.clone(), joining.clone());
        agents.spawn(async move {
            let _turn = joining.acquire_owned().await.expect("it is never closed");
            join(&client, address, number).await
        });
    }
    while let Some(line) = agents.join_next().await {
        polling.spawn(poll(line.expect("an agent joins"), n_polls.clone()));
    }
    println!("{n_agents} agents joined in {:.1} s", began.elapsed().as_secs_f64());

    // The first round of waiting comes to its end.
    tokio::time::sleep(Duration::from_millis(WAIT_MS)).await;
    let (before, polls_before, since) = (serve.used(), n_polls.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (after, elapsed) = (serve.used(), since.elapsed().as_secs_f64());
    let polls = n_polls.load(Ordering::Relaxed) - polls_before;
    assert_eq!(polling.len() as u64, n_agents, "all of them are still there");
    println!(
        "{n_agents} agents: {:.3} cores, {:.1} MB, {:.0} polls/s over {elapsed:.0} s",
        (after.processor_s - before.processor_s) / elapsed,
        after.resident_mb,
        polls as f64 / elapsed,
    );
    polling.shutdown().await;
}

/// Gets a token, registers, and keeps the connection.
async fn join(client: &Client, address: SocketAddr, number: u64) -> Line {
    let host = format!("host-{number}");
    let new = NewToken { name: host.clone(), role: Role::Agent, expires: None, scope: None };
    let token = client.call::<IssueToken>((), (), new).await.expect("it is issued").value.secret;
    let mut line = Line::connect(address, host, token).await;
    line.register().await;
    line
}

async fn poll(mut line: Line, n_polls: Arc<AtomicU64>) {
    loop {
        line.lease(WAIT_MS).await;
        n_polls.fetch_add(1, Ordering::Relaxed);
    }
}

struct Serve {
    process: Child,
    ticks_per_second: f64,
}

struct Used {
    /// In user and system mode, since the start.
    processor_s: f64,
    resident_mb: f64,
}

impl Serve {
    async fn start(folder: &Path, address: SocketAddr) -> Self {
        let token = folder.join("admin-token").display().to_string();
        let serve = Command::new(env!("CARGO_BIN_EXE_shipway"))
            .args(["serve", "--data", &folder.join("data").display().to_string()])
            .args(["--listen", &address.to_string(), "--admin-token-file", &token])
            .env("SHIPWAY_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .expect("shipway starts");
        let ticks = Command::new("getconf").arg("CLK_TCK").output().expect("getconf runs").stdout;
        let ticks = String::from_utf8_lossy(&ticks).trim().parse().expect("a number");
        let mut serve = Self { process: serve, ticks_per_second: ticks };
        let url = format!("http://{address}/readyz");
        while !reqwest::get(&url).await.is_ok_and(|it| it.status().is_success()) {
            assert!(serve.process.try_wait().expect("its status").is_none(), "shipway serve ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        serve
    }

    fn used(&self) -> Used {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("a running process");
        // After the name, which may hold spaces: user and system time are the 12th and 13th (proc(5)).
        let fields: Vec<_> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        let ticks = |idx: usize| fields[idx].parse::<f64>().expect("a number");
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("a running process");
        let line = status.lines().find(|it| it.starts_with("VmRSS:")).expect("a size");
        let resident_kb: f64 =
            line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("a number");
        Used {
            processor_s: (ticks(11) + ticks(12)) / self.ticks_per_second,
            resident_mb: resident_kb * 1024.0 / 1e6,
        }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
