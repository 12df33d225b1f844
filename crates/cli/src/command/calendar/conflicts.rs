//! `shipway calendar conflicts`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::schedule::{ConflictsRequest, FindConflicts};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::schedule::ConflictsView;
use shipway_model::Name;

use super::files;
use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// Say what a rollout would meet if it began at an instant, and when it would meet nothing
///
/// Other changes to its services, to what they need and to what needs them, to its environment and hosts; people and
/// vendors who are away; a closed calendar. The exit code is 1 when it meets something.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar conflicts shop@1.2.0 --env production
  shipway calendar conflicts shop@1.2.0 --env production --at 2026-12-18T09:00:00Z -o json")]
pub(crate) struct Conflicts {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[arg(long, value_name = "ENV")]
    env: Name,
    /// When it would begin; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Conflicts {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let request = ConflictsRequest { release: self.release, environment: self.env, at: self.at };
        let view = connect(connection)?.call::<FindConflicts>((), (), request).await?.value;
        self.output.show(&view, |paint| render(&view, paint))?;
        Ok(if view.conflicts.is_empty() { Exit::Ok } else { Exit::Failed })
    }
}

fn render(view: &ConflictsView, paint: Paint) -> String {
    let mut text = format!("{}, {} to {}\n\n", paint.strong(&plain(&view.title)), view.from, view.until);
    let mut table = Table::new(["KIND", "WITH", "FROM", "UNTIL", "WHY"]);
    for it in &view.conflicts {
        let until = it.overlap.until.map_or(String::new(), |it| it.to_string());
        table.row([&it.kind, &plain(&it.with), &it.overlap.from.to_string(), &until, &plain(&it.why)]);
    }
    text += &table.render(paint, "It would meet nothing.");
    match view.next {
        _ if view.conflicts.is_empty() => {}
        Some(next) => text += &format!("\nFree of all of them: from {}\n", next.from),
        None => text += "\nNo slot within a year is free of all of them.\n",
    }
    text
}
