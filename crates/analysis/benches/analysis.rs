//! How often our judge and others are wrong, and how fast they are right: the table of `shipway analysis simulate`.
//!
//! `SCENARIO_RUNS` sets the runs per null scenario, a quarter of which is what a regression gets; `SCENARIO_SEED` chooses
//! others than those of the last table; `SCENARIO` names the scenarios to play: `SCENARIO=incident SCENARIO_RUNS=20000 cargo
//! xtask bench analysis` plays one alone. The watches of 72 hours have a table of their own behind the others.

use std::thread;
use std::time::Instant;

use shipway_analysis::simulation::{Outcome, Report, Scenario, Trial, scenarios, watches};

/// Enough that none in so many speaks for less than 0.2 %, at 95 %.
const RUNS: u64 = 2400;

/// Far enough apart that the runs of two seeds do not overlap.
const SEED_STRIDE: u64 = 1 << 32;

fn main() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse().ok());
    let (runs, seed) = (number("SCENARIO_RUNS").unwrap_or(RUNS), number("SCENARIO_SEED").unwrap_or(1));
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    println!("seed {seed}");
    let is_wanted = |it: &Scenario| wanted.is_empty() || wanted.split(',').any(|name| name == it.name);
    for table in [scenarios(), watches()] {
        let chosen: Vec<Scenario> = table.into_iter().filter(is_wanted).collect();
        if !chosen.is_empty() {
            tell(&chosen, seed, runs);
        }
    }
}

fn tell(scenarios: &[Scenario], seed: u64, runs: u64) {
    println!(
        "| scenario | judge | runs | taken back (95 %) | minutes | requests | harmed | no verdict | promoted | after |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for scenario in scenarios {
        let started = Instant::now();
        let trials = play(scenario, seed, if scenario.is_null() { runs } else { (runs / 4).max(1) });
        print(scenario, &trials);
        eprintln!("{}: {:.1} s", scenario.name, started.elapsed().as_secs_f64());
    }
    println!();
}

fn play(scenario: &Scenario, seed: u64, runs: u64) -> Vec<Trial> {
    let n_threads = thread::available_parallelism().map_or(1, |it| it.get() as u64);
    thread::scope(|scope| {
        let part = |idx: u64| {
            let runs = idx * runs / n_threads..(idx + 1) * runs / n_threads;
            runs.map(|run| scenario.run(seed.wrapping_mul(SEED_STRIDE).wrapping_add(run))).collect()
        };
        let handles: Vec<_> =
            (0..n_threads).map(|idx| scope.spawn(move || -> Vec<Trial> { part(idx) })).collect();
        handles.into_iter().flat_map(|it| it.join().expect("a run does not panic")).collect()
    })
}

fn print(scenario: &Scenario, trials: &[Trial]) {
    for (idx, (judge, _)) in trials[0].outcomes.iter().enumerate() {
        let outcomes: Vec<Outcome> = trials.iter().map(|it| it.outcomes[idx].1).collect();
        let report = Report::of(&outcomes);
        let number =
            |it: Option<f64>, places: usize| it.map_or_else(|| "–".to_owned(), |it| format!("{it:.places$}"));
        println!(
            "| {} | {judge:?} | {} | {:.2} % ({:.2} to {:.2}) | {} | {} | {} | {:.1} % | {:.1} % | {} |",
            scenario.name,
            report.runs,
            report.taken_back.estimate * 100.0,
            report.taken_back.low * 100.0,
            report.taken_back.high * 100.0,
            number(report.minutes_to_decision, 1),
            number(report.requests_to_decision, 0),
            number(report.harmed, 0),
            report.no_verdict.estimate * 100.0,
            report.promoted.estimate * 100.0,
            number(report.minutes_to_promotion, 1),
        );
    }
}
