//! `shipway cab met`

use clap::Args;
use shipway_api::operations::board::{MeetCondition, MetCondition};
use shipway_api::operations::change::ChangePath;
use shipway_model::{ChangeId, Name};

use super::tally::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say that a condition of a vote is so now, as a member of the board
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway cab met chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --board cab --vote 00112233445566778899aabbccddeeff --condition 0 --note \"rehearsed in staging\"")]
pub(crate) struct Met {
    change: ChangeId,
    #[arg(long)]
    board: Name,
    /// The vote that makes the condition, as `shipway cab show` lists it
    #[arg(long, value_name = "VOTE")]
    vote: String,
    /// Among the conditions of the vote, from 0
    #[arg(long, value_name = "NO", default_value = "0")]
    condition: u32,
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Met {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ChangePath { change: self.change };
        let met =
            MetCondition { board: self.board, vote: self.vote, condition: self.condition, note: self.note };
        let view = once(connect(connection)?.call::<MeetCondition>(path, (), met)).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
