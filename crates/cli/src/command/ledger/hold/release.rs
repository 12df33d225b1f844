//! `shipway ledger hold release`

use clap::Args;
use shipway_api::operations::ledger::{HoldPath, ReleaseHold};
use shipway_model::Name;

use super::render;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// End a legal hold
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger hold release case-17")]
pub(crate) struct Release {
    /// The hold, as `shipway ledger hold list` shows it
    name: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Release {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = HoldPath { hold: self.name };
        let page = connect(connection)?.call::<ReleaseHold>(path, (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page, paint))
    }
}
