//! Metric-blocks judged per second on one core, and the memory of an analysis against its length.
//!
//! A metric-block is one metric over one block of one analysis, with everything that the judge does about it: all
//! thresholds, both directions, leaving out each instance, and each instance by itself.

//!
//! What else the machine does is not counted: each hour is judged five times, and each tenth of it counts with the shortest
//! time. `JUDGING_HOURS` sets how many hours each row judges, `JUDGING_ROW` judges that row alone (1 to 6), so that what it does can
//! be counted.

use std::time::{Duration, Instant};

use shipway_analysis::canary::{Analysis, Config, Kind, MetricConfig, Observation};
use shipway_analysis::simulation::{Generator, Scenario, Traffic};

const HOURS: u64 = 10;
const REPETITIONS: usize = 5;
/// Short enough to be left alone by a busy machine most of the time.
const BLOCKS_TIMED: usize = 36;

fn main() {
    let hours = std::env::var("JUDGING_HOURS").ok().and_then(|it| it.parse().ok()).unwrap_or(HOURS);
    println!("| metrics | instances | requests per block | metric-blocks per second |");
    println!("|---|---|---|---|");
    let errors = || vec![MetricConfig::new("errors", Kind::Proportion)];
    let metrics = [("errors", errors()), ("errors and latency", Config::default().metrics)];
    let sizes = [(1, 5.0), (1, 50.0), (5, 50.0)];
    let rows = sizes.iter().flat_map(|size| metrics.iter().map(move |it| (size, it)));
    let wanted: Option<usize> = std::env::var("JUDGING_ROW").ok().and_then(|it| it.parse().ok());
    for (idx, ((n_instances, per_s), (name, metrics))) in rows.enumerate() {
        if wanted.is_none_or(|it| it == idx + 1) {
            measure(name, metrics.clone(), *n_instances, *per_s, hours);
        }
    }
}

fn measure(name: &str, metrics: Vec<MetricConfig>, n_instances: u32, per_s: f64, hours: u64) {
    let traffic = Traffic {
        control_per_s: per_s,
        canary_per_s: per_s,
        control_instances: n_instances,
        canary_instances: n_instances,
        ..Traffic::default()
    };
    // Lines tell what is judged.
    let times = metrics.iter().any(|it| it.kind == Kind::Latency);
    let scenario = Scenario { traffic, times, ..Scenario::new("bench", "both sides alike") };
    let n_metrics = metrics.len() as f64;
    let config = Config { early_promotion: false, metrics, ..Config::default() };
    let mut spent = Duration::ZERO;
    for seed in 0..hours {
        let blocks: Vec<Vec<Observation>> =
            Generator::new(&scenario, seed).map(|it| it.observations).collect();
        let parts: Vec<Vec<Observation>> = blocks.chunks(BLOCKS_TIMED).map(<[_]>::concat).collect();
        let mut shortest = vec![Duration::MAX; parts.len()];
        for _ in 0..REPETITIONS {
            let mut analysis = Analysis::new(config.clone()).expect("a good configuration");
            for (part, shortest) in parts.iter().zip(&mut shortest) {
                let lines = part.clone();
                let started = Instant::now();
                for line in lines {
                    analysis.observe(line).expect("simulated lines make sense");
                }
                *shortest = started.elapsed().min(*shortest);
            }
            std::hint::black_box(analysis.finish());
        }
        spent += shortest.iter().sum::<Duration>();
    }
    let n_blocks = hours as f64 * traffic.duration_s / traffic.block_s;
    let per_second = n_blocks * n_metrics / spent.as_secs_f64();
    println!("| {name} | {n_instances} + {n_instances} | {:.0} | {per_second:.0} |", per_s * 20.0);
}
