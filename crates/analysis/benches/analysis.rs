//! How often our judge and others are wrong, and how fast they are right: the table of `shipway analysis simulate`.
//!
//! `SCENARIO_RUNS` sets how often our judge plays each null scenario; the others see a quarter of those runs, a regression
//! gets a tenth, and so do watches, which are 72 times as long. `SCENARIO_SEED` chooses others than those of the last table; `SCENARIO` names the scenarios to play: `SCENARIO=incident SCENARIO_RUNS=20000 cargo
//! xtask bench analysis` plays one alone. The watches of 72 hours have a table of their own behind the others.

use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;
use std::time::Instant;

use shipway_analysis::simulation::{JudgeName, Outcome, Report, Scenario, Trial, scenarios, watches};

/// The upper end of Wilson's interval at 95 % is under 0.2 % from 1,920 runs on if none was taken back, from 2,830 if one was,
/// and 3,640, 4,410, 5,150 and 5,850 for two to five: so many let a judge pass whose rate is about 0.05 %.
const RUNS: u64 = 6000;

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
        let is_watch = scenario.config.watch.is_some();
        let (n_all, n_own) = if scenario.is_null() && !is_watch {
            (runs.div_ceil(4), runs)
        } else {
            (runs.div_ceil(10), runs.div_ceil(10))
        };
        let mut outcomes: BTreeMap<JudgeName, Vec<Outcome>> = BTreeMap::new();
        for Trial { outcomes: trial } in play(0..n_all, seed, |seed| scenario.run(seed)) {
            for (judge, outcome) in trial {
                outcomes.entry(judge).or_default().push(outcome);
            }
        }
        let own = play(n_all..n_own, seed, |seed| scenario.run_own(seed));
        outcomes.entry(JudgeName::Shipway).or_default().extend(own);
        for (judge, outcomes) in &outcomes {
            print(scenario, *judge, &Report::of(outcomes));
        }
        eprintln!("{}: {:.1} s", scenario.name, started.elapsed().as_secs_f64());
    }
    println!();
}

/// Plays these runs on every core.
fn play<T: Send>(runs: Range<u64>, seed: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let n_threads = thread::available_parallelism().map_or(1, |it| it.get() as u64);
    let n_runs = runs.end - runs.start;
    let part = |idx: u64| {
        let part = runs.start + idx * n_runs / n_threads..runs.start + (idx + 1) * n_runs / n_threads;
        part.map(|it| run(seed.wrapping_mul(SEED_STRIDE).wrapping_add(it))).collect::<Vec<T>>()
    };
    let part = &part;
    thread::scope(|scope| {
        let handles: Vec<_> = (0..n_threads).map(|idx| scope.spawn(move || part(idx))).collect();
        handles.into_iter().flat_map(|it| it.join().expect("a run does not panic")).collect()
    })
}

fn print(scenario: &Scenario, judge: JudgeName, report: &Report) {
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
