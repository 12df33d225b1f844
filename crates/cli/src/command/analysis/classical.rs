//! The classical judge on files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use shipway_analysis::kayenta::{self, CanaryConfig, Judgement, Verdict};

use super::files;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table};

/// Missing values are null or the word that JSON has no number for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Word(Missing),
    Null(()),
}

#[derive(Deserialize)]
enum Missing {
    NaN,
}

pub(super) fn judge(config: &Path, control: &Path, experiment: &Path, output: &OutputArgs) -> Outcome {
    let config: CanaryConfig = files::read(config)?;
    let judgement = kayenta::judge(&config, &values(control)?, &values(experiment)?);
    output.show(&judgement, |paint| render(&judgement, paint))
}

fn values(path: &Path) -> Result<BTreeMap<String, Vec<f64>>, Failure> {
    let read: BTreeMap<String, Vec<Value>> = files::read(path)?;
    let number = |it: Value| match it {
        Value::Number(it) => it,
        Value::Word(Missing::NaN) | Value::Null(()) => f64::NAN,
    };
    Ok(read.into_iter().map(|(name, values)| (name, values.into_iter().map(number).collect())).collect())
}

fn render(judgement: &Judgement, paint: Paint) -> String {
    let verdict = match judgement.classification {
        Verdict::Pass => paint.good("Pass"),
        Verdict::Marginal => paint.warn("Marginal"),
        Verdict::Fail => paint.bad("Fail"),
    };
    let reason = judgement.reason.as_ref().map_or_else(String::new, |it| format!(": {it}"));
    let mut table = Table::new(["METRIC", "RESULT", "CRITICAL", "EFFECT", "CONTROL MEAN", "EXPERIMENT MEAN"]);
    for metric in &judgement.metrics {
        let found = &metric.classification;
        let effect = found.deviation.map_or_else(|| "-".to_owned(), |it| format!("{it:.3}"));
        table.row([
            &metric.name,
            &format!("{:?}", found.label),
            if found.critical { "yes" } else { "no" },
            &effect,
            &format!("{:.6}", metric.control.mean),
            &format!("{:.6}", metric.experiment.mean),
        ]);
    }
    format!(
        "{verdict} with score {}{reason}\n\n{}",
        judgement.score,
        table.render(paint, "There are no metrics.")
    )
}
