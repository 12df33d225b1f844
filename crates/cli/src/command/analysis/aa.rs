//! `shipway analysis aa`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shipway_analysis::canary::{Answer, Config};
use shipway_analysis::simulation::{Interval, wilson};
use shipway_model::analysis::Decision;

use super::files;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table};

/// Run the rule over past periods without a deployment: whatever it takes back is a false alarm
///
/// Each file is one period, in the format of `shipway analysis judge`, its instances of one version dealt out to both
/// arms.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis aa --config analysis.yaml monday.jsonl tuesday.jsonl
  shipway analysis aa monday.jsonl -o json")]
pub(crate) struct Aa {
    /// YAML or JSON; when left out, errors and latency with every default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Observations, one JSON object per line
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    false_rollbacks: Interval,
    no_verdicts: Interval,
    healthy: Interval,
    periods: Vec<Period>,
}

#[derive(Serialize)]
struct Period {
    file: PathBuf,
    #[serde(flatten)]
    answer: Answer,
}

impl Aa {
    pub(crate) fn run(self) -> Outcome {
        // A period without a deployment is worth its whole length: health does not end it.
        let config = Config { early_promotion: false, ..files::config(self.config.as_deref())? };
        let mut periods = Vec::new();
        for file in self.files {
            let answer = files::judge(config.clone(), &file)?;
            periods.push(Period { file, answer });
        }
        let share = |decision: Decision| {
            let hits = periods.iter().filter(|it| it.answer.decision == decision).count();
            wilson(hits as u64, periods.len() as u64)
        };
        let (false_rollbacks, no_verdicts) = (share(Decision::Harmful), share(Decision::NoVerdict));
        let shown = Shown { false_rollbacks, no_verdicts, healthy: share(Decision::Healthy), periods };
        self.output.show(&shown, |paint| {
            let mut table = Table::new(["PERIOD", "DECISION", "AT", "WHY"]);
            for Period { file, answer } in &shown.periods {
                let at = answer.decided_at_s.map_or_else(|| "-".to_owned(), |it| format!("{it} s"));
                let reason = answer.reasons.first().map_or("", String::as_str);
                table.row([&file.display().to_string(), &format!("{:?}", answer.decision), &at, reason]);
            }
            let Interval { estimate, low, high } = shown.false_rollbacks;
            let percent = |it: f64| it * 100.0;
            format!(
                "{}\nfalse rollbacks: {:.1} % of {} periods (95 %: {:.1} to {:.1}), promised at most {} %\n",
                table.render(paint, ""),
                percent(estimate),
                shown.periods.len(),
                percent(low),
                percent(high),
                percent(config.alpha),
            )
        })
    }
}
