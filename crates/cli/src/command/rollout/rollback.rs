//! `shipway rollout rollback`

use clap::Args;
use shipway_api::operations::rollout::RollBack;

use super::ChangeArgs;
use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

/// Take back what a rollout has done
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout rollback rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"customers complain\"")]
pub(crate) struct Rollback {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Rollback {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        self.change.change::<RollBack>(connection).await
    }
}
