//! `shipway user list`

use clap::Args;
use shipway_api::operations::account::ListAccounts;

use super::render;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// List the accounts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway user list
  shipway user list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let accounts = connect(connection)?.call::<ListAccounts>((), (), ()).await?.value.items;
        self.output.show(&accounts, |paint| render(&accounts, paint))
    }
}
