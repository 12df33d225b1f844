//! `shipway change withdraw`

use clap::Args;
use shipway_api::operations::change::{ChangePath, TakeBack, WithdrawApproval};
use shipway_model::ChangeId;

use super::show::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Take your words about a change back
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway change withdraw chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"the load test was another one\"")]
pub(crate) struct Withdraw {
    change: ChangeId,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Withdraw {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let (path, request) = (ChangePath { change: self.change }, TakeBack { reason: self.reason });
        let view = once(connect(connection)?.call::<WithdrawApproval>(path, (), request)).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
