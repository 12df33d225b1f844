//! `shipway cab minutes`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::board::{BoardPath, MinutesQuery, ShowMinutes};
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, plain};
use crate::settings::ConnectionArgs;

/// Write the minutes of a board, from the votes in the ledger
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway cab minutes cab > minutes.md
  shipway cab minutes cab --from 2026-03-01T00:00:00Z --until 2026-04-01T00:00:00Z
  shipway cab minutes cab -o json")]
pub(crate) struct Minutes {
    board: Name,
    /// Four weeks before the end when left out
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Now when left out
    #[arg(long, value_name = "INSTANT")]
    until: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Minutes {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let (path, query) =
            (BoardPath { board: self.board }, MinutesQuery { from: self.from, until: self.until });
        let view = connect(connection)?.call::<ShowMinutes>(path, query, ()).await?.value;
        self.output.show(&view, |_| view.text.lines().map(|it| format!("{}\n", plain(it))).collect())
    }
}
