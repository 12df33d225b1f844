//! `shipway analysis judge`

use std::path::PathBuf;

use clap::Args;
use shipway_analysis::canary::{Answer, Effect};
use shipway_model::analysis::Decision;

use super::{classical, files, history};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};

/// Judge a canary by observations in a file, without a control plane
///
/// A line of the data is what one instance of one arm did during one block, in the order of time. Nothing is read past
/// the block that decides, and no decision depends on what comes later. The formats and the method are described in
/// docs/analysis.md. The exit code is 0 whatever the decision is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis judge --data canary.jsonl
  shipway analysis judge --config analysis.yaml --data canary.jsonl -o json
  shipway analysis judge --data canary.jsonl --baseline last-week.jsonl --baseline two-weeks-ago.jsonl
  tail -f canary.jsonl | shipway analysis judge --config analysis.yaml --data -
  shipway analysis judge --kayenta canary-config.json --control control.json --experiment experiment.json")]
pub(crate) struct Judge {
    /// YAML or JSON; when left out, errors and latency with every default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Observations, one JSON object per line; `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "kayenta")]
    data: Option<PathBuf>,
    /// Observations of a past period that stand for control: the hour before the deployment, or (several) the same hours of
    /// past weeks; --data then holds the canary alone
    #[arg(long, value_name = "FILE", conflicts_with = "kayenta")]
    baseline: Vec<PathBuf>,
    /// Judge the classical way instead, by a canary configuration of Kayenta
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "data"], requires = "control")]
    #[arg(requires = "experiment")]
    kayenta: Option<PathBuf>,
    /// Control's values: a JSON object of arrays by the names of metrics, null or "NaN" for a missing value
    #[arg(long, value_name = "FILE", requires = "kayenta")]
    control: Option<PathBuf>,
    /// The same of the canary
    #[arg(long, value_name = "FILE", requires = "kayenta")]
    experiment: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Judge {
    pub(crate) fn run(self) -> Outcome {
        if let (Some(config), Some(control), Some(experiment)) =
            (&self.kayenta, &self.control, &self.experiment)
        {
            return classical::judge(config, control, experiment, &self.output);
        }
        let Some(data) = &self.data else { unreachable!("one of --data and --kayenta is given") };
        let config = files::config(self.config.as_deref())?;
        let answer = if self.baseline.is_empty() {
            files::judge(config, data)?
        } else {
            history::judge(config, data, &self.baseline)?
        };
        self.output.show(&answer, |paint| render(&answer, paint))
    }
}

fn render(answer: &Answer, paint: Paint) -> String {
    let decision = match answer.decision {
        Decision::Harmful => paint.bad("harmful"),
        Decision::Healthy => paint.good("healthy"),
        Decision::Undecided => paint.warn("undecided"),
        Decision::NoVerdict => paint.warn("no verdict"),
    };
    let at = answer.decided_at_s.map_or_else(String::new, |it| format!(" at {it} s"));
    let mut text = format!("{decision}{at}, after {} requests of the canary\n\n", answer.canary_requests);
    let mut table = Table::new(["METRIC", "E-VALUE", "RATIO", "FROM", "TO", "OF"]);
    for metric in &answer.metrics {
        let Effect { estimate, low, high, of } = &metric.effect;
        let [estimate, low, high] =
            [estimate, low, high].map(|it| it.map_or("-".to_owned(), |it| format!("{it:.3}")));
        table.row([&metric.name, &format!("{:.3e}", metric.e_value), &estimate, &low, &high, of]);
    }
    text += &table.render(paint, "There are no metrics.");
    text += "\n";
    for reason in &answer.reasons {
        text += &format!("{}\n", plain(reason));
    }
    text
}
