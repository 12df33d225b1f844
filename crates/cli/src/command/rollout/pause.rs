//! `shipway rollout pause`

use clap::Args;
use shipway_api::operations::rollout::PauseRollout;

use super::ChangeArgs;
use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

/// Pause a rollout: what is under way ends, nothing more begins
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout pause rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"lunch\"")]
pub(crate) struct Pause {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Pause {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        self.change.change::<PauseRollout>(connection).await
    }
}
