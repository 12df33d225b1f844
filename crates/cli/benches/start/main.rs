//! From start to ready, and memory when idle, of the real `shipway serve`: with an empty ledger, with a long one, and after
//! a SIGKILL with many rollouts in flight.
//!
//! `cargo bench -p shipway-cli --bench start`; `SHIPWAY_BENCH_EVENTS` sets how long (1,000,000) and
//! `SHIPWAY_BENCH_ROLLOUTS` how many (10,000). With `SHIPWAY_BENCH_RECOVERY_EVENTS` also after a SIGKILL with so many events,
//! which are written straight into the store; ten million of them take minutes, and 5 GB of the disk.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

#[path = "../ledger/filled.rs"]
#[expect(dead_code, reason = "the other bench has no folder of a control plane")]
mod bulk;
#[path = "../store/disk.rs"]
mod disk;
mod filled;
#[path = "../store/rate.rs"]
#[expect(dead_code, reason = "writers are measured elsewhere")]
mod rate;

/// Of the events that the disk alone is measured with, as in the other benches.
const EVENT_BYTES: usize = 294;
const ROUNDS: usize = 5;
const EVENTS: u64 = 1_000_000;
const ROLLOUTS: usize = 10_000;

fn main() {
    let set = |name: &str| std::env::var(name).ok().map(|it| it.parse::<u64>().expect("a number"));
    let n_events = set("SHIPWAY_BENCH_EVENTS").unwrap_or(EVENTS);
    let n_rollouts = set("SHIPWAY_BENCH_ROLLOUTS").map_or(ROLLOUTS, |it| it as usize);
    let folder = tempfile::tempdir().expect("a folder");
    println!(
        "disk: {:.0} fdatasync'ed appends of {EVENT_BYTES} bytes /s",
        disk::appends_per_second(folder.path(), 1)
    );
    println!("shipway serve: start to ready, and resident memory two seconds later (medians of {ROUNDS})");
    let empty: Vec<_> =
        (0..ROUNDS).map(|round| start(&folder.path().join(format!("empty-{round}")), Signal::TERM)).collect();
    report("empty, first start", empty);
    let long = folder.path().join("long");
    // The first start makes the key, with which the ledger is then filled.
    start(&long, Signal::TERM);
    report("empty, later start", (0..ROUNDS).map(|_| start(&long, Signal::TERM)).collect());
    filled::with_events(&long, n_events);
    report(&format!("{n_events} events"), (0..ROUNDS).map(|_| start(&long, Signal::TERM)).collect());

    let busy = folder.path().join("busy");
    start(&busy, Signal::TERM);
    let began = Instant::now();
    let n_events = filled::with_rollouts(&busy, n_rollouts);
    println!("{n_rollouts} rollouts begun in {:.1} s, {n_events} events", began.elapsed().as_secs_f64());
    // Each start is followed by a SIGKILL, from which the next recovers.
    start(&busy, Signal::KILL);
    report(&format!("{n_rollouts} live rollouts"), (0..ROUNDS).map(|_| start(&busy, Signal::KILL)).collect());

    if let Some(n_events) = set("SHIPWAY_BENCH_RECOVERY_EVENTS") {
        let huge = folder.path().join("huge");
        start(&huge, Signal::TERM);
        bulk::fill(&filled::ledger(&huge), n_events, &filled::config(&huge));
        start(&huge, Signal::KILL);
        report(
            &format!("{n_events} events, killed"),
            (0..ROUNDS).map(|_| start(&huge, Signal::KILL)).collect(),
        );
    }
}

fn report(what: &str, mut runs: Vec<(Duration, u64)>) {
    runs.sort();
    let ready_ms = runs[ROUNDS / 2].0.as_secs_f64() * 1000.0;
    runs.sort_by_key(|it| it.1);
    println!("{what:24} ready after {ready_ms:8.1} ms   {:6.1} MB", runs[ROUNDS / 2].1 as f64 / 1e6);
}

/// Time from the process's start until `/readyz` answers, and its resident memory when it has come to rest; then it is
/// sent `end`.
fn start(folder: &Path, end: Signal) -> (Duration, u64) {
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
    let pid = Pid::from_raw(serve.id().cast_signed()).expect("a pid");
    kill_process(pid, end).expect("a running process");
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
