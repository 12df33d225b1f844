//! `shipway rollout resume`

use clap::Args;
use shipway_api::operations::rollout::ResumeRollout;

use super::ChangeArgs;
use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

/// Let a paused rollout go on, or a pause step end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout resume rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Resume {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Resume {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        self.change.change::<ResumeRollout>(connection).await
    }
}
