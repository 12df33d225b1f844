//! `shipway ledger proof`

use clap::Args;
use shipway_api::operations::ledger::{PositionPath, ShowEventProof};
use shipway_ledger::ProofFile;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Prove that an event is in the ledger
///
/// Prints a proof file (C2SP tlog-proof@v1): with the event and the ledger's public key, anybody can check it
/// without asking anybody.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger proof 1200 > event-1200.tlog-proof
  shipway ledger proof 1200 -o json")]
pub(crate) struct Proof {
    /// The event's position
    position: u64,
    #[command(flatten)]
    output: OutputArgs,
}

impl Proof {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = PositionPath { position: self.position };
        let proof = connect(connection)?.call::<ShowEventProof>(path, (), ()).await?.value;
        self.output.show(&proof, |_| {
            ProofFile {
                extra: None,
                index: proof.position,
                path: proof.path.clone(),
                checkpoint: proof.head.checkpoint.clone(),
            }
            .to_string()
        })
    }
}
