//! `shipway calendar expand`

use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;
use shipway_engine::calendar::{Clash, Rule, RuleRef};

use super::files;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Table};
use crate::settings::ConnectionArgs;

/// Write out the occurrences of every rule
///
/// All of which some part lies between --from and --to, by their start. Times are instants with the offset that holds in
/// the rule's own zone then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar expand calendar.yaml --from 2026-01-01T00:00:00Z --to 2027-01-01T00:00:00Z
  shipway calendar expand calendar.yaml --from 2026-03-28T00:00:00Z --to 2026-03-30T00:00:00Z -o json")]
pub(crate) struct Expand {
    /// Files with Calendars; what the control plane has when left out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// With its offset; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    from: Option<Timestamp>,
    /// With its offset; 90 days after --from when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    to: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    from: Timestamp,
    to: Timestamp,
    occurrences: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(flatten)]
    rule: RuleRef,
    /// RFC 3339, with the offset of `timeZone` then.
    from: String,
    until: String,
    time_zone: String,
    /// The start as the rule gives it, where the clock is changed at that very time.
    #[serde(skip_serializing_if = "Option::is_none")]
    clash: Option<Clash>,
}

impl Expand {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let declared = files::read(&self.files, connection).await?;
        let from = self.from.unwrap_or_else(files::now);
        let quarter = SignedDuration::from_hours(24 * 90);
        let to = self.to.unwrap_or_else(|| from.checked_add(quarter).unwrap_or(Timestamp::MAX));
        let mut rows = Vec::new();
        for rule in &declared.rules {
            rows.extend(of_rule(rule, from, to)?);
        }
        rows.sort_by_key(|it| it.0);
        let report = Report { from, to, occurrences: rows.into_iter().map(|it| it.1).collect() };
        self.output.show(&report, |paint| {
            let mut table = Table::new(["FROM", "UNTIL", "ZONE", "KIND", "RULE"]);
            for it in &report.occurrences {
                let rule = format!("{}/{}", it.rule.calendar, it.rule.rule);
                table.row([&it.from, &it.until, &it.time_zone, it.rule.kind.as_str(), &rule]);
            }
            table.render(paint, "Nothing occurs in that time.")
        })
    }
}

fn of_rule(rule: &Rule, from: Timestamp, to: Timestamp) -> Result<Vec<(Timestamp, Row)>, Failure> {
    let all = rule.occurrences(from, to);
    let all = all.map_err(|error| Failure::because(&error, "ask for a shorter time: --from and --to"))?;
    let time_zone = rule.zone().iana_name().unwrap_or("UTC").to_owned();
    let row = |it: shipway_engine::calendar::Occurrence| Row {
        rule: rule.reference(),
        from: instant(&it.from),
        until: instant(&it.until),
        time_zone: time_zone.clone(),
        clash: it.clash,
    };
    Ok(all.into_iter().map(|it| (it.from.timestamp(), row(it))).collect())
}

fn instant(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
