//! `shipway waiver approve`

use clap::Args;
use shipway_api::operations::waiver::{ApproveWaiver, WaiverPath};
use shipway_model::WaiverId;

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Take on what a waiver that somebody else asked for lets through
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway waiver approve wai_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Approve {
    id: WaiverId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Approve {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = WaiverPath { waiver: self.id };
        let view = once(connect(connection)?.call::<ApproveWaiver>(path, (), ())).await?.value;
        self.output.show(&view, |paint| super::render(std::slice::from_ref(&view), paint))
    }
}
