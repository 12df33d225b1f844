//! `shipway analysis power`

use std::path::PathBuf;

use clap::Args;
use shipway_analysis::power::{Plan, Row};
use shipway_analysis::simulation::Outcome;

use super::files;
use super::simulate::{SEED_STRIDE, play};
use crate::failure::Outcome as Ended;
use crate::output::{OutputArgs, Table};

/// Say before the start which regressions would be found at this traffic, and how soon
///
/// The file has the traffic that is expected and the analysis that will judge, every part of which may be left out; the
/// formats are described in docs/analysis.md. The judge itself is run on made-up traffic of that size; the same seed
/// always gives the same numbers.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis power canary.yaml
  shipway analysis power canary.yaml -n 500 --seed 7 -o json")]
pub(crate) struct Power {
    /// YAML or JSON with `traffic` and `analysis`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Runs per regression
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgs,
}

impl Power {
    pub(crate) fn run(self) -> Ended {
        let plan: Plan = files::read(&self.file)?;
        let questions = plan.questions().map_err(|it| files::refused(&self.file, &it))?;
        let rows: Vec<Row> = questions
            .iter()
            .map(|question| {
                let seed = |run: u64| self.seed.wrapping_mul(SEED_STRIDE).wrapping_add(run);
                let outcomes: Vec<Outcome> = play(self.runs, |run| question.run(seed(run)));
                question.answer(&outcomes)
            })
            .collect();
        self.output.show(&rows, |paint| {
            let mut table = Table::new([
                "REGRESSION",
                "FOUND",
                "95 %",
                "MINUTES",
                "REQUESTS",
                "HARMED",
                "CALLED HEALTHY",
            ]);
            for Row { regression, report } in &rows {
                let number = |it: Option<f64>, places: usize| {
                    it.map_or_else(String::new, |it| format!("{it:.places$}"))
                };
                let found = report.taken_back;
                table.row([
                    regression,
                    &format!("{:.1} %", found.estimate * 100.0),
                    &format!("{:.1} to {:.1}", found.low * 100.0, found.high * 100.0),
                    &number(report.minutes_to_decision, 1),
                    &number(report.requests_to_decision, 0),
                    &number(report.harmed, 0),
                    &format!("{:.1} %", report.promoted.estimate * 100.0),
                ]);
            }
            let remark =
                "The row `none` is the chance of a false rollback. Minutes, requests and harmed are medians.";
            format!("{}\n{remark}\n", table.render(paint, ""))
        })
    }
}
