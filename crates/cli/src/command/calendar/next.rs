//! `shipway calendar next`

use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use shipway_engine::calendar::{Slot, Timeline};
use shipway_model::Millis;

use super::about::About;
use super::files;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table};
use crate::settings::ConnectionArgs;

/// Show the next slots in which a release may go
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar next calendar.yaml --service checkout --env production
  shipway calendar next shop/ --after 2026-12-20T00:00:00Z --for 2h --count 3 -o json")]
pub(crate) struct Next {
    /// Files with Calendars; what the control plane has when left out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Not before this instant; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    after: Option<Timestamp>,
    /// At least as long as this
    #[arg(long = "for", value_name = "DURATION", default_value = "0s")]
    length: Millis,
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    slots: Vec<Slot>,
}

impl Next {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let declared = files::read(&self.files, connection).await?;
        let subjects = [self.about.subject(&declared.resources)];
        let mut after = self.after.unwrap_or_else(files::now);
        let timeline = Timeline::around(declared.rules, after);
        let length = SignedDuration::from_millis(self.length.0.cast_signed());
        let mut slots = Vec::new();
        while slots.len() < usize::from(self.count) {
            let Some(slot) = timeline.slot(&subjects, &[], after, length) else { break };
            slots.push(slot);
            let Some(until) = slot.until else { break };
            after = until;
        }
        let report = Report { slots };
        self.output.show(&report, |paint| {
            let mut table = Table::new(["FROM", "UNTIL"]);
            for it in &report.slots {
                let until = it.until.map_or("beyond a year".to_owned(), |it| it.to_string());
                table.row([&it.from.to_string(), &until]);
            }
            table.render(paint, "No slot opens within a year.")
        })
    }
}
