//! `shipway rollout abort`

use clap::Args;
use shipway_api::operations::rollout::AbortRollout;

use super::ChangeArgs;
use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

/// Stop a rollout where it stands; what was done stays
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout abort rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"wrong release\"")]
pub(crate) struct Abort {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Abort {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        self.change.change::<AbortRollout>(connection).await
    }
}
