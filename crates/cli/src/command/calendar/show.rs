//! `shipway calendar show`

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;
use shipway_engine::calendar::RuleRef;
use shipway_model::resource::calendar::{Purpose, RuleKind};

use super::files;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Show the coming windows, freezes and the like, day by day
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar show
  shipway calendar show shop/ --from 2026-12-20T00:00:00Z --days 14 --zone Europe/Berlin
  shipway calendar show -o json")]
pub(crate) struct Show {
    /// Files with Calendars; what the control plane has when left out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// With its offset; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    from: Option<Timestamp>,
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// The IANA zone in which days and times are shown
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    zone: TimeZone,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Agenda {
    from: Timestamp,
    to: Timestamp,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(flatten)]
    rule: RuleRef,
    purpose: Purpose,
    from: Timestamp,
    until: Timestamp,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let declared = files::read(&self.files, connection).await?;
        let from = self.from.unwrap_or_else(files::now);
        let length = SignedDuration::from_hours(24 * i64::from(self.days));
        let to = from.checked_add(length).unwrap_or(Timestamp::MAX);
        let mut entries = Vec::new();
        for rule in &declared.rules {
            let all = rule.occurrences(from, to);
            let all = all.map_err(|error| Failure::because(&error, "ask for fewer days: --days"))?;
            entries.extend(all.into_iter().map(|it| Entry {
                rule: rule.reference(),
                purpose: rule.declared.purpose,
                from: it.from.timestamp(),
                until: it.until.timestamp(),
                reason: rule.declared.reason.clone(),
            }));
        }
        entries.sort_by_key(|it| (it.from, it.until));
        let agenda = Agenda { from, to, entries };
        self.output.show(&agenda, |paint| render(&agenda, &self.zone, paint))
    }
}

fn render(agenda: &Agenda, zone: &TimeZone, paint: Paint) -> String {
    if agenda.entries.is_empty() {
        return "Nothing is on the calendar in that time; releases may go at any time.\n".to_owned();
    }
    let mut text = String::new();
    let mut day: Option<Date> = None;
    for it in &agenda.entries {
        let (from, until) = (it.from.to_zoned(zone.clone()), it.until.to_zoned(zone.clone()));
        // What began before the first day stands under it.
        let shown = from.date().max(agenda.from.to_zoned(zone.clone()).date());
        if day != Some(shown) {
            let gap = if day.is_some() { "\n" } else { "" };
            text += &format!("{gap}{}\n", paint.strong(&shown.strftime("%a %-d %b %Y").to_string()));
            day = Some(shown);
        }
        let kind = match it.rule.kind {
            RuleKind::Allow => paint.good("open  "),
            RuleKind::Deny => paint.bad("closed"),
        };
        let reason = if it.reason.is_empty() { String::new() } else { format!("  {}", plain(&it.reason)) };
        let rule = format!("{}/{}", it.rule.calendar, it.rule.rule);
        text += &format!(
            "  {kind}  {} – {}  {rule}{}\n",
            clock(&from, shown),
            clock(&until, shown),
            paint.dim(&reason)
        );
    }
    text
}

/// The time of day, with its date where that is another than `day`.
fn clock(at: &Zoned, day: Date) -> String {
    let pattern = if at.date() == day { "%H:%M" } else { "%-d %b %H:%M" };
    at.strftime(pattern).to_string()
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "write an IANA zone, for example Europe/Berlin".to_owned())
}
