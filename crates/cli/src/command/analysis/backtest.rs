//! `shipway analysis backtest`

use std::path::{Path, PathBuf};

use clap::Args;
use shipway_analysis::backtest::{Backtest as Report, Case, Label, Row, Truth};
use shipway_analysis::canary::Config;
use shipway_analysis::simulation::Interval;

use super::files::{self, Lines};
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};

/// Run the rule over past deployments of which the truth is known: would it have acted, and rightly?
///
/// The first line of each file says what was found out afterwards, {"deployment": "shop@1.2.0", "truth": "harmful"} or
/// "harmless"; the others are observations as `shipway analysis judge` reads them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis backtest --config analysis.yaml deployments/*.jsonl
  shipway analysis backtest shop-1.2.0.jsonl shop-1.3.0.jsonl -o json")]
pub(crate) struct Backtest {
    /// YAML or JSON; when left out, errors and latency with every default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A label and observations, one JSON object per line
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Backtest {
    pub(crate) fn run(self) -> Outcome {
        let config = files::config(self.config.as_deref())?;
        let cases = self.files.iter().map(|it| case(&config, it)).collect::<Result<Vec<_>, _>>()?;
        let report = Report::of(cases);
        self.output.show(&report, |paint| render(&report, paint))
    }
}

fn case(config: &Config, path: &Path) -> Result<Case, Failure> {
    let mut lines = Lines::open(path)?;
    let (_, text) = lines.next_text()?.unwrap_or_default();
    let label: Label = serde_json::from_str(&text).map_err(|it| {
        files::refused(
            path,
            &format!(r#"line 1 is no label such as {{"deployment":"shop@1.2.0","truth":"harmful"}}: {it}"#),
        )
    })?;
    let answer = files::judge_lines(config.clone(), path, lines)?;
    let name = label.deployment.unwrap_or_else(|| path.display().to_string());
    Ok(Case::new(name, label.truth, &answer))
}

fn render(report: &Report, paint: Paint) -> String {
    let mut table = Table::new(["DEPLOYMENT", "TRUTH", "DECISION", "AT", "OUTCOME", "WHY"]);
    for it in &report.cases {
        let word = |it: &dyn std::fmt::Debug| format!("{it:?}").to_lowercase();
        table.row([
            &plain(&it.deployment),
            &word(&it.truth),
            &word(&it.decision),
            &it.decided_at_s.map_or_else(|| "-".to_owned(), |it| format!("{it} s")),
            &word(&it.outcome),
            &plain(&it.reason),
        ]);
    }
    let mut confusion = Table::new(["TRUTH", "HARMFUL", "HEALTHY", "UNDECIDED", "NO VERDICT"]);
    for (truth, row) in
        [(Truth::Harmful, report.confusion.harmful), (Truth::Harmless, report.confusion.harmless)]
    {
        let Row { harmful, healthy, undecided, no_verdict } = row;
        let counts = [harmful, healthy, undecided, no_verdict].map(|it| it.to_string());
        let [harmful, healthy, undecided, no_verdict] = &counts;
        confusion.row([&format!("{truth:?}").to_lowercase(), harmful, healthy, undecided, no_verdict]);
    }
    let share = |it: Interval| {
        format!("{:.1} % (95 %: {:.1} to {:.1})", it.estimate * 100.0, it.low * 100.0, it.high * 100.0)
    };
    format!(
        "{}\n{}\nharmful ones taken back: {}\nharmful ones let pass: {}\nharmless ones taken back: {}\n",
        table.render(paint, ""),
        confusion.render(paint, ""),
        share(report.taken_back),
        share(report.let_pass),
        share(report.falsely_taken_back),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use shipway_analysis::backtest::Outcome;

    use super::*;

    #[test]
    fn a_label_stands_ahead_of_the_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.jsonl");
        let lines = r#"{"t":0,"arm":"control","requests":500,"errors":1}
{"t":0,"arm":"canary","requests":500,"errors":100}"#;
        fs::write(&path, format!("{{\"truth\":\"harmful\"}}\n{lines}\n")).unwrap();
        assert_eq!(case(&Config::default(), &path).unwrap().outcome, Outcome::Right);
        fs::write(&path, lines).unwrap();
        let failure = case(&Config::default(), &path).unwrap_err();
        assert!(failure.message().contains("line 1 is no label"), "{}", failure.message());
    }
}
