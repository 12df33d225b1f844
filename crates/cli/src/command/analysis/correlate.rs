//! `shipway analysis correlate`

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;
use shipway_analysis::correlation::{self, Finding, Kind, Occurrence, Question, Report, Rule};
use shipway_model::Name;

use super::files::Lines;
use super::logs;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

mod recorded;

/// Ask whether incidents and tickets have to do with deployments, their cadence and changes of process
///
/// Each line of the file is something that happened: {"at": "2026-03-02T09:30:00Z", "kind": "deployment", "service": "shop",
/// "name": "shop@1.2.0"}. Kinds are deployment, incident, ticket and process (a change of how is worked; without a service it
/// is for all). Instead of `at` there may be `t`, seconds of any epoch. Whole weeks are dealt out anew among their neighbours,
/// so that working hours and bad months are no findings. With --recorded the control plane tells which rollouts into an
/// environment began when, for which services, and which alerts about them began there, each of which is an incident; a file
/// adds what it does not know, such as tickets. The exit code is 0 whatever is found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis correlate happened.jsonl
  shipway analysis correlate happened.jsonl --window-h 4 --stratum-weeks 6 -o json
  shipway analysis correlate --recorded production
  shipway analysis correlate --recorded production incidents-and-tickets.jsonl")]
pub(crate) struct Correlate {
    /// What happened, one JSON object per line; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "recorded")]
    file: Option<PathBuf>,
    /// Take the rollouts into this environment and the alerts in it from the control plane as well
    #[arg(long, value_name = "ENVIRONMENT")]
    recorded: Option<Name>,
    /// So many hours after a deployment an incident or a ticket follows it
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    window_h: f64,
    /// Among so many weeks in a row deployments are dealt out anew
    #[arg(long, value_name = "WEEKS", default_value_t = 4)]
    stratum_weeks: usize,
    /// Share of the discoveries that may be false
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = logs::share)]
    false_discoveries: f64,
    #[command(flatten)]
    output: OutputArgs,
}

/// One line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Option<Timestamp>,
    t: Option<f64>,
    kind: Kind,
    #[serde(default)]
    service: String,
    #[serde(default)]
    name: String,
}

impl Correlate {
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        self.recorded.is_some()
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let rule = Rule {
            window_s: self.window_h * 3600.0,
            stratum_weeks: self.stratum_weeks,
            false_discoveries: self.false_discoveries,
        };
        let mut occurrences = self.file.as_deref().map_or_else(|| Ok(Vec::new()), read)?;
        let mut source = self.file.as_ref().map_or_else(String::new, |it| it.display().to_string());
        let mut remark = None;
        if let Some(environment) = &self.recorded {
            let recorded = recorded::of(environment, connection).await?;
            remark = Some(recorded.told(environment));
            occurrences.extend(recorded.occurrences);
            let record = format!("the record of {environment}");
            source = if source.is_empty() { record } else { format!("{source} and {record}") };
        }
        let mut report = correlation::correlate(&occurrences, &rule)
            .map_err(|it| Failure::new(format!("{source}: {it}"), "shipway analysis correlate --help"))?;
        report.remarks.splice(0..0, remark);
        self.output.show(&report, |paint| render(&report, paint))
    }
}

fn read(path: &Path) -> Result<Vec<Occurrence>, Failure> {
    let (mut lines, mut occurrences) = (Lines::open(path)?, Vec::new());
    while let Some((number, text)) = lines.next_text()? {
        if text.is_empty() {
            continue;
        }
        let refused = |why: &str| {
            let message = format!("{}: line {number}: {why}", path.display());
            Failure::new(message, "shipway analysis correlate --help")
        };
        let line: Line = serde_json::from_str(&text).map_err(|it| refused(&it.to_string()))?;
        let t = match (line.at, line.t) {
            (Some(at), None) => at.as_second() as f64,
            (None, Some(t)) => t,
            _ => return Err(refused("it takes either `at` or `t`")),
        };
        occurrences.push(Occurrence { t, kind: line.kind, service: line.service, name: line.name });
    }
    Ok(occurrences)
}

fn render(report: &Report, paint: Paint) -> String {
    let mut table = Table::new([
        "QUESTION",
        "SERVICE",
        "DEPLOYMENTS",
        "COUNTED",
        "EXPECTED",
        "P",
        "LEAST P",
        "E-VALUE",
        "",
    ]);
    for it in &report.findings {
        table.row([
            &question(it),
            &it.service.as_deref().map_or_else(|| "all".to_owned(), plain),
            &it.deployments.to_string(),
            &it.observed.to_string(),
            &format!("{:.1}", it.expected),
            &format!("{:.2e}", it.p_value),
            &format!("{:.0e}", it.p_value_least),
            &it.log_e_value.map_or_else(|| "-".to_owned(), |it| format!("{:.2e}", it.exp())),
            &if it.is_discovery { paint.bad("found") } else { String::new() },
        ]);
    }
    let mut text = format!("{} whole weeks\n\n{}", report.weeks, table.render(paint, "Nothing was asked."));
    for remark in &report.remarks {
        text += &format!("\n{remark}");
    }
    text + "\n"
}

fn question(finding: &Finding) -> String {
    match finding.question {
        Question::IncidentsFollow => "followed by incidents".to_owned(),
        Question::TicketsFollow => "followed by tickets".to_owned(),
        Question::Cadence => "failed soon after another".to_owned(),
        Question::Process => format!("failed since {}", plain(&finding.name)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn instants_are_dates_or_seconds_and_never_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("happened.jsonl");
        let check = |text: &str| {
            fs::write(&path, text).unwrap();
            read(&path).map(|it| it[0].t).map_err(|it| it.message().to_owned())
        };
        assert_eq!(
            check(r#"{"at":"1970-01-02T00:00:00Z","kind":"deployment","service":"shop"}"#),
            Ok(86_400.0)
        );
        assert_eq!(check(r#"{"t":7.5,"kind":"incident"}"#), Ok(7.5));
        let both = check(r#"{"t":7.5,"at":"1970-01-02T00:00:00Z","kind":"incident"}"#).unwrap_err();
        assert!(both.ends_with("line 1: it takes either `at` or `t`"), "{both}");
        assert!(check(r#"{"t":1,"kind":"party"}"#).unwrap_err().contains("unknown variant `party`"));
    }
}
