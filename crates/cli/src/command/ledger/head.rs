//! `shipway ledger head`

use clap::Args;
use shipway_api::operations::ledger::ShowLedgerHead;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Show the ledger's size, root and signed checkpoint
///
/// A checkpoint that is kept elsewhere proves later that nothing before it was changed. As of an earlier instant there
/// is a size and a root, and no checkpoint: nobody signed just there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger head
  shipway ledger head -o json > head.json
  shipway ledger head --as-of 2026-03-01T00:00:00Z")]
pub(crate) struct Head {
    #[command(flatten)]
    output: OutputArgs,
}

impl Head {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let head = connect(connection)?.call::<ShowLedgerHead>((), (), ()).await?.value;
        self.output
            .show(&head, |_| format!("size  {}\nroot  {}\n\n{}", head.size, head.root, head.checkpoint))
    }
}
