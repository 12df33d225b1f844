//! `shipway cab vote`

use clap::{ArgGroup, Args};
use shipway_model::approval::Decision;
use shipway_model::{ChangeId, Millis, Name};

use super::tally::render;
use crate::connection::{connect, only_now};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;
use crate::signing::{Signing, Word};

/// Vote on a change as a member of a board, under your signature
///
/// A vote is signed over the same things as an approval, and falls when one of them changes. Nobody whose own work it is
/// votes, and a seat cannot be lent. A later vote takes the place of an earlier one until the rollout begins.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("decision").required(true).args(["yea", "nay", "abstain", "recuse"])))]
#[command(after_help = "\
Examples:
  shipway cab vote chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --board cab --for
  shipway cab vote chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --board cab --for --condition \"the rollback was rehearsed\"
  shipway cab vote chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --board cab --against --note \"in the week of the closing\"
  shipway cab vote chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --board cab --abstain --yes")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct Vote {
    change: ChangeId,
    /// The board on which you sit
    #[arg(long)]
    board: Name,
    #[arg(long = "for")]
    yea: bool,
    #[arg(long = "against")]
    nay: bool,
    /// Be present, and neither for nor against
    #[arg(long)]
    abstain: bool,
    /// Have no part in it: you do not count as present
    #[arg(long)]
    recuse: bool,
    /// What has to be so before your vote carries the change; may be repeated
    #[arg(long = "condition", value_name = "TEXT", requires = "yea")]
    conditions: Vec<String>,
    /// For how long the vote is good at most
    #[arg(long, value_name = "DURATION", default_value = "14d")]
    valid: Millis,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    output: OutputArgs,
}

impl Vote {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "a vote is about what stands now", "shipway cab show CHANGE --as-of INSTANT")?;
        let decision = match (self.yea, self.nay, self.abstain) {
            (true, ..) => Decision::Approve,
            (_, true, _) => Decision::Reject,
            (.., true) => Decision::Abstain,
            _ => Decision::Recuse,
        };
        let (change, valid, conditions) = (self.change, self.valid, self.conditions);
        let word = Word { change, decision, valid, board: Some(self.board), conditions };
        match self.signing.give(&connect(connection)?, &word).await? {
            Some(view) => self.output.show(&view, |paint| render(&view, paint)),
            None => Ok(Exit::Ok),
        }
    }
}
