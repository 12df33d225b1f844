//! `shipway calendar lint`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shipway_engine::calendar::lint::{Finding, lint};

use super::files;
use crate::failure::Outcome;
use crate::output::{OutputArgs, plain};
use crate::settings::ConnectionArgs;

/// Look through ten years for windows that vanish, double or move, and for quarters without a slot
///
/// The exit code is 0 whatever is found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar lint calendar.yaml
  shipway calendar lint shop/ --from 2026-01-01T00:00:00Z -o json")]
pub(crate) struct Lint {
    /// Files with Calendars; what the control plane has when left out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the ten years begin; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    from: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    from: Timestamp,
    findings: Vec<Finding>,
}

impl Lint {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let declared = files::read(&self.files, connection).await?;
        let from = self.from.unwrap_or_else(files::now);
        let report = Report { from, findings: lint(&declared.rules, from) };
        self.output.show(&report, |paint| {
            let n_rules = declared.rules.len();
            if report.findings.is_empty() {
                return format!("{} in {n_rules} rules over ten years\n", paint.good("nothing odd"));
            }
            let line = |it: &Finding| {
                let examples = if it.examples.is_empty() {
                    String::new()
                } else {
                    format!(": {}", it.examples.join(", "))
                };
                format!("{} {} ({}×{examples})\n", paint.warn("odd:"), plain(&it.text), it.count)
            };
            report.findings.iter().map(line).collect()
        })
    }
}
