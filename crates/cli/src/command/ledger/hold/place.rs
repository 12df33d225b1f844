//! `shipway ledger hold place`

use clap::Args;
use shipway_api::operations::ledger::{HoldRequest, PlaceHold};
use shipway_model::Name;

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Place a legal hold: until it is released, nothing is erased or deleted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger hold place case-17 --reason \"the court asked for everything of 2026\"")]
pub(crate) struct Place {
    /// What the hold is called
    name: Name,
    /// Who asked for it and why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Place {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let request = HoldRequest { name: self.name, reason: self.reason };
        let page = once(connect(connection)?.call::<PlaceHold>((), (), request)).await?.value;
        self.output.show(&page.items, |paint| render(&page, paint))
    }
}
