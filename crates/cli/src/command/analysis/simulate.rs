//! `shipway analysis simulate`

use std::thread;

use clap::Args;
use serde::Serialize;
use shipway_analysis::simulation::{JudgeName, Outcome, Report, Scenario, Trial, scenarios, watches};

use crate::failure::{Failure, Outcome as Ended};
use crate::output::{OutputArgs, Table};

/// See how good the judge is, beside others, on made-up traffic
///
/// Each run is an hour of 50 + 50 requests per second unless the scenario says otherwise. The same seed always gives the
/// same numbers. Without a name, every scenario is played but
/// the watches of 72 hours.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis simulate -n 100
  shipway analysis simulate steady noisy-canary errors-1 -n 1000 --seed 7 -o json
  shipway analysis simulate watch-quiet watch-step
  shipway analysis simulate errors-0.2 --instances 1")]
pub(crate) struct Simulate {
    /// Scenarios by name; an unknown one is told the known ones
    #[arg(value_name = "SCENARIO")]
    names: Vec<String>,
    /// Runs per scenario
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instances per side, instead of what the scenario says
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    instances: Option<u32>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    scenario: String,
    summary: String,
    is_null: bool,
    judge: String,
    #[serde(flatten)]
    report: Report,
}

impl Simulate {
    pub(crate) fn run(self) -> Ended {
        let mut rows = Vec::new();
        for mut scenario in self.chosen()? {
            if let Some(n) = self.instances {
                (scenario.traffic.control_instances, scenario.traffic.canary_instances) = (n, n);
            }
            rows.extend(rows_of(&scenario, self.seed, self.runs));
        }
        self.output.show(&rows, |paint| {
            let mut table = Table::new([
                "SCENARIO",
                "JUDGE",
                "TAKEN BACK",
                "95 %",
                "MINUTES",
                "REQUESTS",
                "HARMED",
                "NO VERDICT",
                "PROMOTED",
                "AFTER",
            ]);
            for row in &rows {
                add(&mut table, row);
            }
            format!("{} runs per scenario, seed {}\n\n{}", self.runs, self.seed, table.render(paint, ""))
        })
    }

    fn chosen(&self) -> Result<Vec<Scenario>, Failure> {
        if self.names.is_empty() {
            return Ok(scenarios());
        }
        let known = [scenarios(), watches()].concat();
        let find = |name: &String| {
            known.iter().find(|it| it.name == *name).cloned().ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
                let message = format!("there is no scenario `{name}`; there are: {}", names.join(", "));
                Failure::usage(message, "shipway analysis simulate --help")
            })
        };
        self.names.iter().map(find).collect()
    }
}

fn rows_of(scenario: &Scenario, seed: u64, runs: u64) -> Vec<Row> {
    let trials = play(runs, |run| scenario.run(seed.wrapping_mul(SEED_STRIDE).wrapping_add(run)));
    let Some(Trial { outcomes }) = trials.first() else { return Vec::new() };
    let row = |(idx, (judge, _)): (usize, &(JudgeName, Outcome))| {
        let outcomes: Vec<Outcome> = trials.iter().map(|it| it.outcomes[idx].1).collect();
        Row {
            scenario: scenario.name.clone(),
            summary: scenario.summary.clone(),
            is_null: scenario.is_null(),
            judge: format!("{judge:?}"),
            report: Report::of(&outcomes),
        }
    };
    outcomes.iter().enumerate().map(row).collect()
}

/// Far enough apart that the runs of two seeds do not overlap.
pub(super) const SEED_STRIDE: u64 = 1 << 32;

/// Plays runs on every core; what comes back is in their order.
pub(super) fn play<T: Send>(runs: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let n_threads = thread::available_parallelism().map_or(1, |it| it.get() as u64).min(runs);
    let part =
        |idx: u64| (idx * runs / n_threads..(idx + 1) * runs / n_threads).map(&run).collect::<Vec<T>>();
    thread::scope(|scope| {
        let handles: Vec<_> = (0..n_threads).map(|idx| scope.spawn(move || part(idx))).collect();
        handles.into_iter().flat_map(|it| it.join().expect("a run does not panic")).collect()
    })
}

fn add(table: &mut Table, row: &Row) {
    let report = &row.report;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let number = |it: Option<f64>, places: usize| it.map_or_else(String::new, |it| format!("{it:.places$}"));
    let taken_back = report.taken_back;
    table.row([
        &row.scenario,
        &row.judge,
        &percent(taken_back.estimate),
        &format!("{:.1} to {:.1}", taken_back.low * 100.0, taken_back.high * 100.0),
        &number(report.minutes_to_decision, 1),
        &number(report.requests_to_decision, 0),
        &number(report.harmed, 0),
        &percent(report.no_verdict.estimate),
        &percent(report.promoted.estimate),
        &number(report.minutes_to_promotion, 1),
    ]);
}
