//! `shipway cab agenda`

use clap::Args;
use shipway_api::operations::board::{AgendaQuery, ListAgenda};
use shipway_api::view::board::AgendaItem;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List what boards have to look at: the riskiest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway cab agenda
  shipway cab agenda cab -o json")]
pub(crate) struct Agenda {
    /// Only what this board has to look at
    board: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Agenda {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = AgendaQuery { board: self.board };
        let page = connect(connection)?.call::<ListAgenda>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(items: &[AgendaItem], paint: Paint) -> String {
    let heading =
        ["BOARD", "CHANGE", "RELEASE", "ENV", "TYPE", "RISK", "ASKED FOR", "VOTES", "STANDS", "MISSING"];
    let mut table = Table::new(heading);
    for it in items {
        let (tally, release) = (&it.tally, format!("{}@{}", it.release.name, it.release.version));
        let votes = format!("{} of {}", tally.votes.len(), tally.members);
        let missing: Vec<&str> = tally.lacks.iter().map(|it| it.what.as_str()).collect();
        let (id, risk, opened) = (it.change.to_string(), it.risk.to_string(), time(it.opened));
        table.row([
            tally.board.as_str(),
            &id,
            &release,
            it.environment.as_str(),
            it.class.as_str(),
            &risk,
            &opened,
            &votes,
            &tally.decided,
            &missing.join(", "),
        ]);
    }
    table.render(paint, "Nothing waits for a board.")
}
