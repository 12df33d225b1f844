//! `shipway rollout retry`

use clap::Args;
use shipway_api::operations::rollout::RetryRollout;

use super::ChangeArgs;
use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

/// Try the failed steps of a halted rollout again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout retry rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Retry {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Retry {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        self.change.change::<RetryRollout>(connection).await
    }
}
