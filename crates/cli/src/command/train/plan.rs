//! `shipway train plan`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::train::{DepartureQuery, PlanTrain, TrainPath};
use shipway_api::view::train::ManifestView;
use shipway_model::Name;

use crate::command::calendar::instant;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// Say what a departure would take, what stays behind and why, and when each coach could go
///
/// A train leaves by itself, with what is ready when boarding ends. A coach whose risk reaches the train's `riskFrom` is
/// uncoupled, and with it what aboard needs it; the others leave without.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway train plan weekly
  shipway train plan weekly --from 2026-12-01T00:00:00Z
  shipway train plan weekly -o json")]
pub(crate) struct Plan {
    train: Name,
    /// The first departure at or after this instant; the next one when left out
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Plan {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = TrainPath { train: self.train };
        let query = DepartureQuery { from: self.from };
        let view = connect(connection)?.call::<PlanTrain>(path, query, ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &ManifestView, paint: Paint) -> String {
    let mut text = format!(
        "{} leaves for {} at {}; boarding ends at {}\n\n",
        paint.strong(view.train.as_str()),
        view.environment,
        view.departure,
        view.boarding_ends
    );
    let mut table = Table::new(["COACH", "SERVICES", "RISK", "GOES"]);
    for coach in &view.coaches {
        let services = coach.services.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
        let leg = view.legs.iter().find(|it| it.title.starts_with(&format!("{} ", coach.title)));
        let goes = leg.and_then(|it| it.slot).map_or_else(|| "nowhere".to_owned(), |it| it.from.to_string());
        table.row([&coach.title, &services, &coach.risk.to_string(), &goes]);
    }
    text += &table.render(paint, "Nothing is ready.");
    if !view.left.is_empty() {
        text += "\nStays behind:\n";
    }
    for (service, why) in &view.left {
        text += &format!("  {service}: {}\n", plain(why));
    }
    for moved in &view.moved {
        let to =
            moved.to.map_or_else(|| "with no departure within a year".to_owned(), |it| format!("at {it}"));
        text += &format!("\n{} goes {to}: {}\n", moved.service, plain(&moved.why));
    }
    for promise in &view.promises {
        let (name, vendor, by) = (&promise.name, &promise.vendor, promise.by);
        let expected = promise.expected.map_or_else(String::new, |it| format!(", expected at {it}"));
        let what = plain(&promise.what);
        text += &format!("\n{name} of vendor {vendor} is open, promised for {by}{expected}: {what}\n");
    }
    text
}
