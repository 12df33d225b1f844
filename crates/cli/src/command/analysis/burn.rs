//! `shipway analysis burn`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use shipway_analysis::burn::{Burn as Budget, Objective, Trigger};
use shipway_analysis::canary::{Arm, Observation};

use super::files::{self, Lines};
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table};

/// See when an error budget would have burned too fast, and what its rules would have done
///
/// Reads the requests and errors of the observations that `shipway analysis judge` reads. Without an objective it is 99.9 %
/// over 30 days with the rules of the Site Reliability Workbook.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis burn --data service.jsonl
  shipway analysis burn --objective slo.yaml --data service.jsonl --side canary -o json")]
pub(crate) struct Burn {
    /// YAML or JSON: `objective`, `period_days`, and `rules` of `long_s`, `short_s`, `burn_rate`, `failures_min` and
    /// `action` (tell, hold, rollback)
    #[arg(long, value_name = "FILE")]
    objective: Option<PathBuf>,
    /// Observations, one JSON object per line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Whose requests count
    #[arg(long, value_enum, default_value = "both")]
    side: Side,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    Control,
    Canary,
    Both,
}

/// What `-o json` shows.
#[derive(Serialize)]
struct Shown {
    objective: Objective,
    triggers: Vec<Trigger>,
}

/// One block of all instances.
#[derive(Default)]
struct Block {
    start: Option<f64>,
    end: f64,
    total: u64,
    bad: u64,
}

impl Burn {
    pub(crate) fn run(self) -> Outcome {
        let objective: Objective =
            self.objective.as_deref().map(files::read).transpose()?.unwrap_or_default();
        let source = self.objective.as_ref().unwrap_or(&self.data);
        let mut budget =
            Budget::new(objective.clone()).map_err(|it| files::refused(source, &it.to_string()))?;
        let triggers = self.read(&mut budget)?;
        let shown = Shown { objective, triggers };
        self.output.show(&shown, |paint| render(&shown, paint))
    }

    fn read(&self, budget: &mut Budget) -> Result<Vec<Trigger>, Failure> {
        let mut lines = Lines::open(&self.data)?;
        let (mut triggers, mut open) = (Vec::new(), Block::default());
        while let Some((number, text)) = lines.next_text()? {
            if text.is_empty() {
                continue;
            }
            let refused = |why: String| files::refused(&self.data, &format!("line {number}: {why}"));
            let line: Observation = serde_json::from_str(&text).map_err(|it| refused(it.to_string()))?;
            let counts = match self.side {
                Side::Both => true,
                Side::Control => line.arm == Arm::Control,
                Side::Canary => line.arm == Arm::Canary,
            };
            if !counts {
                continue;
            }
            if open.start.is_some_and(|it| it != line.t) {
                triggers.extend(open.close(budget).map_err(|it| refused(it.to_string()))?);
                open = Block::default();
            }
            open.add(&line);
        }
        if open.start.is_some() {
            let closed = open.close(budget);
            triggers.extend(closed.map_err(|it| files::refused(&self.data, &it.to_string()))?);
        }
        Ok(triggers)
    }
}

impl Block {
    fn add(&mut self, line: &Observation) {
        self.start = Some(line.t);
        self.end = line.t + line.dt_s;
        self.total = self.total.saturating_add(line.requests.unwrap_or(0));
        self.bad = self.bad.saturating_add(line.errors.unwrap_or(0));
    }

    fn close(&self, budget: &mut Budget) -> Result<Vec<Trigger>, shipway_analysis::burn::InvalidBurn> {
        budget.observe(self.end, self.total, self.bad)
    }
}

fn render(shown: &Shown, paint: Paint) -> String {
    let mut table = Table::new(["AT", "ACTION", "WINDOWS", "LONG", "SHORT", "BUDGET GONE IN"]);
    for it in &shown.triggers {
        let rule = shown.objective.rules[it.rule];
        table.row([
            &format!("{} s", it.at_s),
            &format!("{:?}", it.action).to_lowercase(),
            &format!("{} s / {} s", rule.long_s, rule.short_s),
            &format!("{:.1}", it.long_burn_rate),
            &format!("{:.1}", it.short_burn_rate),
            &format!("{:.1} h", it.hours_to_exhaustion),
        ]);
    }
    table.render(paint, "No rule fired.")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::Format;

    #[test]
    fn instances_of_a_block_are_added_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.jsonl");
        let line = |n: u64| {
            let (t, arm) = (n / 2 * 10, if n.is_multiple_of(2) { "control" } else { "canary" });
            let errors = if arm == "canary" { 40 } else { 0 };
            format!(r#"{{"t":{t},"arm":"{arm}","requests":1000,"errors":{errors}}}"#)
        };
        fs::write(&path, (0..60).map(line).collect::<Vec<_>>().join("\n")).unwrap();
        let check = |side, n_rules: usize| {
            let burn = Burn {
                objective: None,
                data: path.clone(),
                side,
                output: OutputArgs { output: Format::Json },
            };
            let mut budget = Budget::new(Objective::default()).unwrap();
            let found = burn.read(&mut budget).unwrap();
            assert_eq!(found.len(), n_rules, "{found:?}");
        };
        check(Side::Control, 0);
        check(Side::Canary, 3);
        check(Side::Both, 3);
    }
}
