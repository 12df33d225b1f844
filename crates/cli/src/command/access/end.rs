//! `shipway access end`

use clap::Args;
use shipway_api::operations::access::{EndGrant, EndGrantRequest, GrantPath};
use shipway_model::GrantId;

use super::grants::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// End privilege before its time: your own, or, as an admin, anybody's
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access end gra_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"the queue runs again\"")]
pub(crate) struct End {
    id: GrantId,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl End {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let (path, request) = (GrantPath { grant: self.id }, EndGrantRequest { reason: self.reason });
        let view = once(connect(connection)?.call::<EndGrant>(path, (), request)).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
