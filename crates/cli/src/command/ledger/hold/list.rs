//! `shipway ledger hold list`

use clap::Args;
use shipway_api::operations::ledger::ListHolds;

use super::render;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Show the legal holds that stand
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger hold list
  shipway ledger hold list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListHolds>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page, paint))
    }
}
