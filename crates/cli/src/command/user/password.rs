//! `shipway user password`

use clap::Args;
use shipway_api::operations::account::{AccountPath, ResetPassword};

use super::id_of;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{self, OutputArgs};
use crate::settings::ConnectionArgs;

/// Give an account a new one-time password, shown once; its sign-ins end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway user password ana")]
pub(crate) struct Password {
    /// The account's name
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Password {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = AccountPath { account: id_of(&client, &self.name).await? };
        let given = once(client.call::<ResetPassword>(path, (), ())).await?.value;
        let exit = self.output.show(&given, |_| format!("{}\n", given.password))?;
        output::note("this password is not shown again\n");
        Ok(exit)
    }
}
