//! `shipway access approve`

use clap::Args;
use shipway_api::operations::access::{ApproveGrant, GrantPath};
use shipway_model::GrantId;

use super::grants::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say yes to privilege that somebody else asked for; it begins at once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access approve gra_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Approve {
    id: GrantId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Approve {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = GrantPath { grant: self.id };
        let view = once(connect(connection)?.call::<ApproveGrant>(path, (), ())).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
