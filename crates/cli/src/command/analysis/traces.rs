//! `shipway analysis traces`

use std::path::{Path, PathBuf};

use clap::Args;
use shipway_analysis::traces::{self, Change, Forest, Report, Rule, compare};

use super::files::{self, Lines};
use super::logs;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};

/// Compare the traces of two versions: name the hop that slowed, failed, or is called more often
///
/// Each line of a file is one OTLP document in JSON, as the OpenTelemetry collector's file exporter writes it. A hop counts
/// with its own time and its own failures, so that the cause is named and not its callers. The exit code is 0 whatever is
/// found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis traces --control old.jsonl --canary new.jsonl
  shipway analysis traces --control old.jsonl --canary new.jsonl --margin 1.3 -o json")]
pub(crate) struct Traces {
    /// Traces of the version being replaced; `-` is standard input
    #[arg(long, value_name = "FILE")]
    control: PathBuf,
    /// Traces of the new version
    #[arg(long, value_name = "FILE")]
    canary: PathBuf,
    /// Share of the findings that may be false
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = logs::share)]
    false_discoveries: f64,
    /// Ratio of odds, and of calls per trace, up to which a hop is not worse
    #[arg(long, value_name = "RATIO", default_value_t = 1.1, value_parser = logs::ratio)]
    margin: f64,
    #[command(flatten)]
    output: OutputArgs,
}

/// Bounds what is held of one file.
const SPANS_MAX: usize = 5_000_000;

impl Traces {
    pub(crate) fn run(self) -> Outcome {
        let rule = Rule { false_discoveries: self.false_discoveries, margin: self.margin };
        let report = compare(&read(&self.control)?, &read(&self.canary)?, &rule);
        self.output.show(&report, |paint| render(&report, paint))
    }
}

fn read(path: &Path) -> Result<Forest, Failure> {
    let (mut lines, mut spans) = (Lines::open(path)?, Vec::new());
    while let Some((number, text)) = lines.next_text()? {
        if text.is_empty() {
            continue;
        }
        let refused = |why: &str| files::refused(path, &format!("line {number}: {why}"));
        spans.extend(traces::read(&text).map_err(|it| refused(&it.to_string()))?);
        if spans.len() > SPANS_MAX {
            return Err(refused(&format!("there are more than {SPANS_MAX} spans")));
        }
    }
    Ok(Forest::grow(spans))
}

fn render(report: &Report, paint: Paint) -> String {
    let verdict = if report.is_worse { paint.bad("worse") } else { paint.good("not shown to be worse") };
    let mut text = format!(
        "{verdict}: {} traces of control, {} of the canary, {} hops\n\n",
        report.control_traces, report.canary_traces, report.hops
    );
    let mut table = Table::new(["CHANGE", "HOP", "BEFORE", "AFTER", "MS PER TRACE", "P", "TRACE"]);
    for it in &report.findings {
        let change = match it.change {
            Change::Failing => "failing",
            Change::Slower => "slower",
            Change::CalledMoreOften => "called more often",
            Change::New => "new",
            Change::Gone => "gone",
        };
        let numbers = |all: &[f64]| all.iter().map(|it| format!("{it:.3}")).collect::<Vec<_>>().join(" / ");
        table.row([
            change,
            &plain(&it.hop),
            &numbers(&it.before),
            &numbers(&it.after),
            &format!("{:+.2}", it.cost_ms),
            &format!("{:.1e}", it.p_value),
            &plain(it.example.as_deref().unwrap_or("-")),
        ]);
    }
    text += &table.render(paint, "No hop changed.");
    for reason in &report.reasons {
        text += &format!("\n{}", plain(reason));
    }
    if !report.affected.is_empty() {
        text += &format!("\nSlower as a whole: {}", plain(&report.affected.join(", ")));
    }
    text + "\n"
}
