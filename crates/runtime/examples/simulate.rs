//! Simulates worlds from seeds: `cargo xtask simulate` is the way to call this.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use shipway_runtime::sim::{Options, Outcome, run};
use shipway_runtime::{Entropy, OsEntropy};

#[derive(Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after the other.
    #[arg(long)]
    seeds: Option<u64>,
    /// How many seeds more that nobody has tried.
    #[arg(long, default_value_t = 0)]
    fresh: u64,
    /// Virtual hours during which things break.
    #[arg(long, default_value_t = 1)]
    hours: u32,
    /// Control planes over one store.
    #[arg(long, default_value_t = 1)]
    replicas: usize,
    /// Print every line of what happens.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Who asks for fresh seeds alone gets those alone.
    let n_seeds = arguments.seeds.unwrap_or(u64::from(arguments.fresh == 0));
    let last = arguments.seed.saturating_add(n_seeds);
    let seeds = (arguments.seed..last).chain((0..arguments.fresh).map(|_| draw()));
    let n_breaches = seeds.filter(|seed| !simulate(&arguments, *seed)).count();
    if n_breaches == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A seed that is short enough to be typed.
fn draw() -> u64 {
    let mut bytes = [0; 4];
    OsEntropy.fill(&mut bytes);
    u32::from_be_bytes(bytes).into()
}

/// True when nothing was found.
fn simulate(arguments: &Arguments, seed: u64) -> bool {
    let replicas = arguments.replicas;
    let started = Instant::now();
    let mut show = |line: &str| {
        if arguments.trace {
            println!("{line}");
        }
    };
    let outcome = run(&Options::new(seed, arguments.hours, replicas), &mut show);
    let Outcome { counts, digest, breach } = &outcome;
    println!(
        "seed {seed}, {replicas} replicas: {} events, {} rollouts, {} gates closed, {} deeds, {} faults, {} kills, {} turns, {} refusals, \
         trace {}, {:.1} s",
        counts.events,
        counts.rollouts,
        counts.gates_closed,
        counts.deeds,
        counts.faults,
        counts.kills,
        counts.turns,
        counts.refusals,
        digest.short(),
        started.elapsed().as_secs_f64(),
    );
    let Some(found) = breach else { return true };
    if !arguments.trace {
        found.tail.iter().for_each(|line| println!("  {line}"));
    }
    let hours = arguments.hours;
    println!("BREACH {}", found.breach);
    println!("replay: cargo xtask simulate --seed {seed} --hours {hours} --replicas {replicas} --trace");
    false
}
