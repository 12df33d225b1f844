//! `shipway schedule`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::schedule::{MakeSchedule, ReleaseDates, ScheduleRequest};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::schedule::{LegView, ScheduleView};
use shipway_model::Name;

use crate::command::calendar::instant;
use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// Find the earliest times at which releases can go everywhere, or what stands in their way
///
/// Heeds calendars and exceptions from them, the time that each plan expects to take with its bakes, promotion, the order of what
/// services need, and every rollout that is under way. Nothing is booked. The exit code is 1 when something
/// fits nowhere; what is named then is a smallest set: take any one of it away and it fits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway schedule shop@1.2.0
  shipway schedule shop@1.2.0 billing@4.0.1 --env production --by 2026-12-18T17:00:00+01:00
  shipway schedule shop@1.2.0 tax@2.0.0 --latest tax@2.0.0=2026-12-31T23:00:00Z
  shipway schedule shop@1.2.0 --by 2026-12-18T17:00:00Z -o json")]
pub(crate) struct Schedule {
    /// NAME@VERSION or an id; earlier ones go first where the order is not given otherwise
    #[arg(value_name = "RELEASE", required = true)]
    releases: Vec<ReleaseSelector>,
    /// Only into these; everywhere where the release is not yet when left out
    #[arg(long, value_name = "ENV")]
    env: Vec<Name>,
    /// Not before this instant; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    /// Everything is to be over by this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    by: Option<Timestamp>,
    /// Not before this instant, for one of the releases; may be repeated
    #[arg(long, value_name = "RELEASE=INSTANT", value_parser = of_release)]
    wanted: Vec<(ReleaseSelector, Timestamp)>,
    /// One of the releases is to be over by this instant: an audit, a law; may be repeated
    #[arg(long, value_name = "RELEASE=INSTANT", value_parser = of_release)]
    latest: Vec<(ReleaseSelector, Timestamp)>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Schedule {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let wanted = self.wanted.into_iter().map(|(release, at)| ReleaseDates {
            release,
            wanted: Some(at),
            latest: None,
        });
        let latest = self.latest.into_iter().map(|(release, at)| ReleaseDates {
            release,
            wanted: None,
            latest: Some(at),
        });
        let request = ScheduleRequest {
            releases: self.releases,
            environments: self.env,
            from: self.from,
            by: self.by,
            dates: wanted.chain(latest).collect(),
        };
        let view = connect(connection)?.call::<MakeSchedule>((), (), request).await?.value;
        self.output.show(&view, |paint| render(&view, paint))?;
        Ok(if view.feasible { Exit::Ok } else { Exit::Failed })
    }
}

fn of_release(text: &str) -> Result<(ReleaseSelector, Timestamp), String> {
    let (release, at) =
        text.rsplit_once('=').ok_or("write RELEASE=INSTANT, for example shop@1.2.0=2026-12-18T17:00:00Z")?;
    let release = release.parse::<ReleaseSelector>().map_err(|error| error.to_string())?;
    Ok((release, instant(at)?))
}

fn render(view: &ScheduleView, paint: Paint) -> String {
    let mut table = Table::new(["WHAT", "FROM", "UNTIL", "TAKES"]);
    for leg in &view.legs {
        let (from, until) = match leg.slot {
            Some(slot) => (slot.from.to_string(), slot.until.map_or(String::new(), |it| it.to_string())),
            None => ("nowhere".to_owned(), String::new()),
        };
        table.row([&leg.title, &from, &until, &leg.takes.to_string()]);
    }
    let mut text = table.render(paint, "Every environment has it already.");
    for leg in view.legs.iter().filter(|it| !it.waits.is_empty() || it.slot.is_none()) {
        text += &format!("\n{}\n", paint.strong(&leg.title));
        text += &told(leg, paint);
    }
    text
}

fn told(leg: &LegView, paint: Paint) -> String {
    let mut text = String::new();
    for it in &leg.waits {
        text += &format!("  waits for {}\n", plain(it));
    }
    if let Some(behind) = &leg.behind {
        text += &format!("  needs {}, which fits nowhere\n", plain(behind));
    }
    match leg.obstacles.len() {
        0 => {}
        1 => text += &format!("  {} for one reason:\n", paint.bad("fits nowhere")),
        _ => text += &format!("  {}; any one of these less, and it would:\n", paint.bad("fits nowhere")),
    }
    for it in &leg.obstacles {
        let why = if it.why.is_empty() { String::new() } else { format!(": {}", plain(&it.why)) };
        text += &format!("  - {}{why}\n", plain(&it.with));
    }
    text
}
