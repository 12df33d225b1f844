//! `shipway waiver withdraw`

use clap::Args;
use shipway_api::operations::waiver::{WaiverPath, WithdrawWaiver, WithdrawWaiverRequest};
use shipway_model::WaiverId;

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Take a waiver back: its gate blocks again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway waiver withdraw wai_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"it is mended\"")]
pub(crate) struct Withdraw {
    id: WaiverId,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Withdraw {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = WaiverPath { waiver: self.id };
        let view = once(connect(connection)?.call::<WithdrawWaiver>(
            path,
            (),
            WithdrawWaiverRequest { reason: self.reason },
        ))
        .await?
        .value;
        self.output.show(&view, |paint| super::render(std::slice::from_ref(&view), paint))
    }
}
