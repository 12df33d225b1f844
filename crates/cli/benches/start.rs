//! From start to ready, and memory when idle, of the real `shipway serve`: with an empty ledger and with a long one.
//!
//! `cargo bench -p shipway-cli --bench start`; `SHIPWAY_BENCH_EVENTS` sets how long (1,000,000).

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_ledger::SigningKey;
use shipway_model::event::Scope;
use shipway_runtime::{Config, OsEntropy, Runtime, Submission, SystemClock};
use shipway_store::SqliteStore;

const ROUNDS: usize = 5;
const EVENTS: u64 = 1_000_000;
/// Asked for at once while the ledger is being filled.
const WRITERS: u64 = 256;

fn main() {
    let n_events =
        std::env::var("SHIPWAY_BENCH_EVENTS").ok().and_then(|it| it.parse().ok()).unwrap_or(EVENTS);
    let folder = tempfile::tempdir().expect("a folder");
    println!("shipway serve: start to ready, and resident memory two seconds later (medians of {ROUNDS})");
    let empty: Vec<_> =
        (0..ROUNDS).map(|round| start(&folder.path().join(format!("empty-{round}")))).collect();
    report("empty, first start", empty);
    let long = folder.path().join("long");
    // The first start makes the key, with which the ledger is then filled.
    start(&long);
    let again: Vec<_> = (0..ROUNDS).map(|_| start(&long)).collect();
    report("empty, later start", again);
    fill(&long, n_events);
    report(&format!("{n_events} events"), (0..ROUNDS).map(|_| start(&long)).collect());
}

fn report(what: &str, mut runs: Vec<(Duration, u64)>) {
    runs.sort();
    let ready_ms = runs[ROUNDS / 2].0.as_secs_f64() * 1000.0;
    runs.sort_by_key(|it| it.1);
    println!("{what:24} ready after {ready_ms:8.1} ms   {:6.1} MB", runs[ROUNDS / 2].1 as f64 / 1e6);
}

/// Time from the process's start until `/readyz` answers, and its resident memory when it has come to rest.
fn start(folder: &Path) -> (Duration, u64) {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port");
    let began = Instant::now();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_shipway"))
        .args(["serve", "--data", &folder.display().to_string(), "--listen", &address.to_string()])
        .env("SHIPWAY_LOG", "warn")
        .stdout(Stdio::null())
        .spawn()
        .expect("shipway starts");
    while !is_ready(address) {
        assert!(serve.try_wait().expect("its status").is_none(), "shipway serve ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    let ready = began.elapsed();
    std::thread::sleep(Duration::from_secs(2));
    let resident = resident_bytes(&serve);
    let pid = rustix::process::Pid::from_raw(serve.id().cast_signed()).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a running process");
    serve.wait().expect("its end");
    (ready, resident)
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

fn resident_bytes(process: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).expect("a running process");
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).expect("a number") * 1024
}

/// Pauses and resumes environments by name until the ledger has `n_events`.
fn fill(folder: &Path, n_events: u64) {
    let store = SqliteStore::open(&folder.join("ledger.sqlite")).expect("a store");
    let key = fs::read_to_string(folder.join("checkpoint.key")).expect("a key");
    let config = Config {
        tenant: "default".parse().expect("a name"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        signer: key.trim().parse::<SigningKey>().expect("a key"),
    };
    let runtime = Runtime::open(Box::new(store), config).expect("an open ledger");
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    tokio.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let runtime = runtime.clone();
            writers.spawn(async move {
                let scope = Scope::Environment(format!("env-{writer}").parse().expect("a name"));
                for n in 0..n_events / WRITERS {
                    let scope = scope.clone();
                    let command = match n % 2 {
                        0 => shipway_engine::Command::PauseScope {
                            scope,
                            reason: "a reason of usual length".to_owned(),
                        },
                        _ => shipway_engine::Command::ResumeScope { scope },
                    };
                    let submission =
                        Submission { actor: "bench".to_owned(), key: None, command, generation: None };
                    runtime.submit(submission).await.expect("accepted");
                }
            });
        }
        writers.join_all().await;
        runtime.shutdown().await;
    });
}
