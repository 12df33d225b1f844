//! `shipway cab meetings`

use clap::Args;
use shipway_api::operations::board::{AgendaQuery, ListMeetings};
use shipway_api::view::board::MeetingView;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// List the next meetings of boards: who is there, and what comes up
///
/// Who is there is told by working hours and by calendars that say who is away. What waits comes up at the first meeting with a
/// quorum; nothing has to wait for it, because members vote at any time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway cab meetings
  shipway cab meetings cab -o json")]
pub(crate) struct Meetings {
    /// Only those of this board
    board: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Meetings {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = AgendaQuery { board: self.board };
        let page = connect(connection)?.call::<ListMeetings>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(items: &[MeetingView], paint: Paint) -> String {
    let mut table = Table::new(["BOARD", "MEETS", "PLACE", "THERE", "QUORUM", "COMES UP"]);
    for it in items {
        let there = format!("{} of {}", it.there.len(), it.members);
        let quorum = if it.quorate { "yes" } else { "no" };
        let changes: Vec<String> = it.changes.iter().map(ToString::to_string).collect();
        table.row([it.board.as_str(), &time(it.at), &plain(&it.place), &there, quorum, &changes.join(", ")]);
    }
    table.render(paint, "No board says when it meets.")
}
