//! Effects through several replicas: each has a worker, and all of them one database.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_engine::Command;
use shipway_runtime::Runtime;
use shipway_runtime::log_store::LogStore;
use shipway_runtime::worker::{self, Tools};
use shipway_store::PostgresStore;

use crate::rate::block_on;
use crate::world::{Nothing, STEPS, config, declare, ended, environment, no_judge, submit};

/// Rollouts under way together.
const WIDTH: usize = 64;
const MEASURE: Duration = Duration::from_secs(5);

/// Of rollouts that have ended.
pub(crate) fn per_second(address: &str, folder: &Path, n_replicas: usize) -> f64 {
    let logs = Arc::new(LogStore::open(&folder.join("logs")).expect("logs"));
    let open = || {
        let store = PostgresStore::open(address).expect("opens");
        Runtime::open(Box::new(store), config()).expect("opens")
    };
    let replicas: Vec<_> = (0..n_replicas).map(|_| open()).collect();
    block_on(async move {
        let release = declare(&replicas[0], WIDTH).await;
        let tools = || Tools { drivers: vec![Arc::new(Nothing)], judge: no_judge, logs: logs.clone() };
        let workers: Vec<_> = replicas.iter().map(|it| worker::start(it.clone(), tools())).collect();
        let began = Instant::now();
        let mut shippers = tokio::task::JoinSet::new();
        for number in 0..WIDTH {
            let runtime = replicas[number % n_replicas].clone();
            shippers.spawn(async move {
                let mut n_ended = 0_usize;
                while began.elapsed() < MEASURE {
                    let (id, environment) = (runtime.new_rollout_id(), environment(number));
                    submit(&runtime, Command::StartRollout { id, release, environment, plan: None }).await;
                    ended(&runtime, id).await;
                    n_ended += 1;
                }
                n_ended
            });
        }
        let n_ended: usize = shippers.join_all().await.into_iter().sum();
        let rate = (n_ended * STEPS) as f64 / began.elapsed().as_secs_f64();
        for worker in workers {
            worker.stop().await;
        }
        for runtime in replicas {
            runtime.shutdown().await;
        }
        rate
    })
}
