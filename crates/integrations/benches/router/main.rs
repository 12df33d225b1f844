//! How much a request costs through the router, beside nginx as the same kind of proxy and beside no proxy.
//!
//! `cargo bench -p shipway-integrations --bench router`. Everything runs on this machine: the load, the proxy
//! and the server behind it share the processors, each proxy in a process of its own, in alternating rounds.
//! Load comes from `wrk` when it is installed, else from a client built in; nginx is left out when it is not
//! installed. `SHIPWAY_BENCH_SECONDS` is the length of a round, `SHIPWAY_BENCH_ROUNDS` their number.

mod load;
mod nginx;
mod process;
mod roles;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use load::Measured;
use process::Process;

const CONNECTIONS: usize = 64;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One way to reach the server.
struct Contender {
    name: &'static str,
    address: SocketAddr,
    /// What is measured besides the load; nothing when there is no proxy.
    process: Option<Process>,
    rounds: Vec<Round>,
}

struct Round {
    measured: Measured,
    /// Processor time of the proxy per request.
    cost: Duration,
}

fn main() -> Result<()> {
    if roles::play()? {
        return Ok(());
    }
    let n_cores = std::thread::available_parallelism()?.get();
    let seconds = setting("SHIPWAY_BENCH_SECONDS", 5)?;
    let n_rounds = setting("SHIPWAY_BENCH_ROUNDS", 5)?;
    let (server, _upstream) = Process::role("upstream", "")?;
    let (routed, router) = Process::role("router", &server.to_string())?;
    let mut contenders = vec![
        Contender { name: "direct", address: server, process: None, rounds: Vec::new() },
        Contender { name: "router", address: routed, process: Some(router), rounds: Vec::new() },
    ];
    let folder = tempfile::tempdir()?;
    match nginx::start(folder.path(), server, n_cores)? {
        Some((address, process)) => {
            contenders.push(Contender { name: "nginx", address, process: Some(process), rounds: Vec::new() });
        }
        None => println!("nginx is not installed: there is nothing to compare with"),
    }
    println!(
        "{n_cores} cores, {CONNECTIONS} connections, {n_rounds} rounds of {seconds} s, load by {}",
        load::source()
    );
    for contender in &contenders {
        load::run(contender.address, CONNECTIONS, Duration::from_secs(1))?;
    }
    for _ in 0..n_rounds {
        for contender in &mut contenders {
            contender.run(Duration::from_secs(seconds))?;
        }
    }
    report(&contenders);
    Ok(())
}

impl Contender {
    fn run(&mut self, length: Duration) -> Result<()> {
        let spent = || self.process.as_ref().map_or(Ok(Duration::ZERO), Process::processor_time);
        let before = spent()?;
        let measured = load::run(self.address, CONNECTIONS, length)?;
        let n_requests = (measured.requests_per_s * length.as_secs_f64()).max(1.0);
        let cost = (spent()? - before).div_f64(n_requests);
        self.rounds.push(Round { measured, cost });
        Ok(())
    }

    fn median(&self, value: impl Fn(&Round) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    fn requests_per_s(&self) -> f64 {
        self.median(|round| round.measured.requests_per_s)
    }
}

fn report(contenders: &[Contender]) {
    println!(
        "{:8} {:>12} {:>10} {:>10} {:>16}   rounds",
        "", "requests/s", "p50 ms", "p99 ms", "proxy us/request"
    );
    for contender in contenders {
        let ms = |value: fn(&Measured) -> Duration| {
            contender.median(|round| value(&round.measured).as_secs_f64() * 1e3)
        };
        let cost_us = contender.median(|round| round.cost.as_secs_f64() * 1e6);
        let rounds: Vec<String> =
            contender.rounds.iter().map(|round| format!("{:.0}", round.measured.requests_per_s)).collect();
        println!(
            "{:8} {:>12.0} {:>10.2} {:>10.2} {:>16.1}   {}",
            contender.name,
            contender.requests_per_s(),
            ms(|measured| measured.p50),
            ms(|measured| measured.p99),
            cost_us,
            rounds.join(" ")
        );
    }
    if let [_, router, nginx] = contenders {
        println!(
            "router / nginx: {:.2} of the requests per second",
            router.requests_per_s() / nginx.requests_per_s()
        );
    }
}

fn setting(name: &str, default: u64) -> Result<u64> {
    Ok(std::env::var(name).ok().map(|value| value.parse()).transpose()?.unwrap_or(default))
}
