//! `shipway calendar feeds`

use clap::Args;
use shipway_api::operations::calendar::ListCalendarFeeds;
use shipway_api::view::calendar::CalendarFeedView;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// List the calendars that are fetched from elsewhere, and how that goes
///
/// While one cannot be fetched or read, the last one that could binds. The exit code is 1 when one cannot.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar feeds
  shipway calendar feeds -o json")]
pub(crate) struct Feeds {
    #[command(flatten)]
    output: OutputArgs,
}

impl Feeds {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListCalendarFeeds>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))?;
        Ok(if page.items.iter().any(|it| it.fault.is_some()) { Exit::Failed } else { Exit::Ok })
    }
}

fn render(feeds: &[CalendarFeedView], paint: Paint) -> String {
    let mut table = Table::new(["FEED", "URL", "EVERY", "RULES", "LEFT OUT", "SINCE", "FAULT"]);
    for it in feeds {
        let since = it.since.map_or_else(|| "not fetched yet".to_owned(), |it| it.to_string());
        let (rules, left_out) = (it.n_rules.to_string(), it.n_left_out.to_string());
        let fault = it.fault.as_deref().map(plain).unwrap_or_default();
        let every = it.every.to_string();
        table.row([it.name.as_str(), &plain(&it.url), &every, &rules, &left_out, &since, &fault]);
    }
    table.render(paint, "No CalendarFeed is declared: `shipway schema calendarfeed` says how.")
}
