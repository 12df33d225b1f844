//! `shipway calendar export`

use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use shipway_engine::calendar::ics;

use super::about::About;
use super::files;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::settings::ConnectionArgs;

/// Write a calendar that calendar programs read (iCalendar)
///
/// Every occurrence stands by itself in UTC, so that what is shown is what binds, whatever the reader knows of zones.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar export calendar.yaml > releases.ics
  shipway calendar export shop/ --service checkout --env production --from 2026-01-01T00:00:00Z > checkout.ics")]
pub(crate) struct Export {
    /// Files with Calendars; what the control plane has when left out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// With its offset; 30 days ago when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    from: Option<Timestamp>,
    /// With its offset; a year from now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    to: Option<Timestamp>,
    #[command(flatten)]
    about: About,
}

impl Export {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let declared = files::read(&self.files, connection).await?;
        let subject = self.about.subject(&declared.resources);
        // What is not said narrows nothing: without a service, the rules of all services are meant.
        let covers = |rule: &shipway_engine::calendar::Rule| {
            subject.is_covered(&rule.coverage) || !subject.unknown_to(&rule.coverage).is_empty()
        };
        let now = files::now();
        let day = SignedDuration::from_hours(24);
        let feed = ics::Feed {
            title: "Shipway releases".to_owned(),
            rules: declared.rules.into_iter().filter(|it| covers(it)).collect(),
            from: self.from.unwrap_or_else(|| now.checked_sub(day * 30).unwrap_or(Timestamp::MIN)),
            to: self.to.unwrap_or_else(|| now.checked_add(day * 366).unwrap_or(Timestamp::MAX)),
            made: now,
            refresh: SignedDuration::from_mins(15),
        };
        let text = ics::write(&feed)
            .map_err(|error| Failure::because(&error, "ask for a shorter time: --from and --to"))?;
        output::print(&text);
        Ok(Exit::Ok)
    }
}
