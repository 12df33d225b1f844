//! Complete rollouts per second: ten steps each, every effect leased, performed by a driver that does nothing, and
//! reported, through the real engine and SQLite with durable commits.
//!
//! `cargo bench -p shipway-cli --bench rollouts`

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_engine::Command;
use shipway_runtime::Runtime;
use shipway_runtime::log_store::LogStore;
use shipway_runtime::worker::{self, Tools};
use shipway_store::SqliteStore;

use world::{Nothing, STEPS, config, declare, ended, environment, no_judge, submit};

mod world;

/// Environments, each with one rollout at a time: how many rollouts are under way together.
const WIDTHS: [usize; 3] = [1, 8, 32];
const ROUNDS: usize = 3;
const MEASURE: Duration = Duration::from_secs(5);

fn main() {
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    println!("complete rollouts of {STEPS} steps through engine and SQLite (WAL, synchronous=FULL)");
    for width in WIDTHS {
        let mut rates: Vec<f64> = (0..ROUNDS).map(|_| tokio.block_on(round(width))).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "{width:>3} at a time: {:>7.1} rollouts/s (median of {ROUNDS}; {:.1} to {:.1})",
            rates[1], rates[0], rates[2]
        );
    }
}

/// Rollouts ended per second.
async fn round(width: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("ledger.sqlite")).expect("a store");
    let runtime = Runtime::open(Box::new(store), config()).expect("an open ledger");
    let release = declare(&runtime, width).await;
    let logs = Arc::new(LogStore::open(&folder.path().join("logs")).expect("logs"));
    let tools = Tools { drivers: vec![Arc::new(Nothing)], judge: no_judge, logs };
    let worker = worker::start(runtime.clone(), tools);
    let began = Instant::now();
    let mut shippers = tokio::task::JoinSet::new();
    for environment in (0..width).map(environment) {
        let runtime = runtime.clone();
        shippers.spawn(async move {
            let mut n_ended = 0_u32;
            while began.elapsed() < MEASURE {
                let id = runtime.new_rollout_id();
                let environment = environment.clone();
                submit(&runtime, Command::StartRollout { id, release, environment, plan: None }).await;
                ended(&runtime, id).await;
                n_ended += 1;
            }
            n_ended
        });
    }
    let n_ended: u32 = shippers.join_all().await.into_iter().sum();
    let rate = f64::from(n_ended) / began.elapsed().as_secs_f64();
    worker.stop().await;
    runtime.shutdown().await;
    rate
}
