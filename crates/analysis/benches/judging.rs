//! Metric-blocks judged per second on one core, and the memory of an analysis against its length.
//!
//! A metric-block is one metric over one block of one analysis, with everything that the judge does about it: all
//! thresholds, both directions, leaving out each instance, and each instance by itself.

use std::time::Instant;

use shipway_analysis::canary::{Analysis, Config, Kind, MetricConfig, Observation};
use shipway_analysis::simulation::{Generator, Scenario, Traffic};

fn main() {
    println!("| metrics | instances | requests per block | metric-blocks per second |");
    println!("|---|---|---|---|");
    for (n_instances, per_s) in [(1, 5.0), (1, 50.0), (5, 50.0)] {
        measure("errors", vec![MetricConfig::new("errors", Kind::Proportion)], n_instances, per_s);
        let both = Config::default().metrics;
        measure("errors and latency", both, n_instances, per_s);
    }
}

fn measure(name: &str, metrics: Vec<MetricConfig>, n_instances: u32, per_s: f64) {
    let traffic = Traffic {
        control_per_s: per_s,
        canary_per_s: per_s,
        control_instances: n_instances,
        canary_instances: n_instances,
        ..Traffic::default()
    };
    let scenario = Scenario { traffic, ..Scenario::new("bench", "both sides alike") };
    let lines: Vec<Observation> =
        (0..20).flat_map(|seed| Generator::new(&scenario, seed).flat_map(|it| it.observations)).collect();
    let per_analysis = lines.len() / 20;
    let n_metrics = metrics.len() as f64;
    let config = Config { early_promotion: false, metrics, ..Config::default() };
    let mut n_blocks = 0.0;
    let started = Instant::now();
    for lines in lines.chunks(per_analysis) {
        let mut analysis = Analysis::new(config.clone()).expect("a good configuration");
        for line in lines {
            analysis.observe(line.clone()).expect("simulated lines make sense");
        }
        n_blocks += traffic.duration_s / traffic.block_s;
        std::hint::black_box(analysis.finish());
    }
    let per_second = n_blocks * n_metrics / started.elapsed().as_secs_f64();
    println!("| {name} | {n_instances} + {n_instances} | {:.0} | {per_second:.0} |", per_s * 20.0);
}
