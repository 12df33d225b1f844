//! `shipway cab show`

use clap::Args;
use shipway_api::operations::change::{ChangePath, ShowChange};
use shipway_model::ChangeId;

use super::tally::render;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Show a change as boards look at it: material, votes, conditions, and which rules were followed, bypassed or excepted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway cab show chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway cab show chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o yaml")]
pub(crate) struct Show {
    change: ChangeId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ChangePath { change: self.change };
        let view = connect(connection)?.call::<ShowChange>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
