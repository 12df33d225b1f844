//! `shipway approve`

use clap::Args;
use shipway_model::approval::Decision;
use shipway_model::{ChangeId, Millis};

use crate::command::change::show::render;
use crate::connection::{connect, only_now};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;
use crate::signing::{Signing, Word};

/// Say yes or no to a change, under your signature
///
/// Shows what the change is and does, and signs exactly that with your SSH key through `ssh-keygen`, which also asks agents
/// and security keys. The digest of the plan is worked out here, from the plan that was shown. Whatever changes later voids
/// the word: `ssh-keygen -Y verify -n approval@shipway.dev` and `shipway ledger approvals` check it without a server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway approve chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway approve chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reject --note \"the load test is missing\"
  shipway approve chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --key ~/.ssh/id_work --from 2026-03-14T20:00:00Z --until 2026-03-15T04:00:00Z
  shipway approve chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --print > word.json
  shipway approve chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --statement word.json --signature word.json.sig")]
pub(crate) struct Approve {
    change: ChangeId,
    /// Say no: it does not begin while this stands
    #[arg(long, conflicts_with = "recuse")]
    reject: bool,
    /// Have no part in it: no word of yours counts
    #[arg(long)]
    recuse: bool,
    /// For how long the word is good at most
    #[arg(long, value_name = "DURATION", default_value = "1d")]
    valid: Millis,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    output: OutputArgs,
}

impl Approve {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(
            connection,
            "a word is about what stands now",
            "shipway change show CHANGE --as-of INSTANT",
        )?;
        let decision = match (self.reject, self.recuse) {
            (true, _) => Decision::Reject,
            (_, true) => Decision::Recuse,
            _ => Decision::Approve,
        };
        let word =
            Word { change: self.change, decision, valid: self.valid, board: None, conditions: Vec::new() };
        match self.signing.give(&connect(connection)?, &word).await? {
            Some(view) => self.output.show(&view, |paint| render(&view, paint)),
            None => Ok(Exit::Ok),
        }
    }
}
