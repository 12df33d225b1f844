//! `shipway release scope approve`

use clap::Args;
use shipway_api::operations::scope::{ApproveLateItem, LatePath};
use shipway_model::LateId;

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say that something which somebody else asked for may come in after the freeze
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release scope approve lat_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Approve {
    late: LateId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Approve {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = LatePath { late: self.late };
        let view = once(connect(connection)?.call::<ApproveLateItem>(path, (), ())).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
