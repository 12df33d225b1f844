//! `shipway calendar check`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shipway_engine::calendar::{Answer, Rule, Subject, Timeline};

use super::about::About;
use super::files;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Say whether a release may go at an instant, by which rule, and until when
///
/// Works on files alone, without a control plane; without files, on what the control plane has declared (exceptions are
/// left out of account then). The exit code is 0 whatever the answer is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar check calendar.yaml --at 2026-12-24T09:00:00+01:00
  shipway calendar check shop/ --at 2026-12-24T09:00:00Z --service checkout --env production -o json
  shipway calendar check --service checkout --env production --class emergency")]
pub(crate) struct Check {
    /// Files with Calendars and what they refer to; folders are walked, `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The instant, with its offset; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    at: Option<Timestamp>,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(flatten)]
    answer: Answer,
    /// Rules that might cover it, if more were said.
    not_asked: Vec<NotAsked>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotAsked {
    rule: String,
    /// The fields of its scope that were not said.
    needs: Vec<&'static str>,
}

impl Check {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let declared = files::read(&self.files, connection).await?;
        let subject = self.about.subject(&declared.resources);
        let at = self.at.unwrap_or_else(files::now);
        let not_asked = declared.rules.iter().filter_map(|rule| not_asked(rule, &subject)).collect();
        let answer = Timeline::around(declared.rules, at).check(&[subject], &[], at);
        let report = Report { answer, not_asked };
        self.output.show(&report, |paint| render(&report, paint))
    }
}

fn not_asked(rule: &Rule, subject: &Subject) -> Option<NotAsked> {
    let needs = subject.unknown_to(&rule.coverage);
    (!needs.is_empty()).then(|| NotAsked { rule: rule.title(), needs })
}

fn render(report: &Report, paint: Paint) -> String {
    let answer = &report.answer;
    let mut text = match (answer.allowed, answer.until) {
        (true, Some(until)) => format!("{} until {until}\n", paint.good("open")),
        (true, None) => format!("{}, and it stays so for a year at least\n", paint.good("open")),
        (false, _) => format!("{}; next slot: {}\n", paint.bad("closed"), answer.next_slot()),
    };
    for reason in &answer.reasons {
        text += &format!("  {}\n", plain(&reason.text));
    }
    if answer.reasons.is_empty() {
        text += "  no rule covers it\n";
    }
    for it in &report.not_asked {
        text += &format!("{} {} needs {}\n", paint.dim("not asked:"), plain(&it.rule), it.needs.join(", "));
    }
    text
}
