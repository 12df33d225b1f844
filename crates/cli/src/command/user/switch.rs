//! `shipway user disable` and `shipway user enable`

use clap::Args;
use shipway_api::operations::account::{AccountPath, DisableAccount, EnableAccount};

use super::{id_of, render};
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Close an account; its sign-ins end
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway user disable ana")]
pub(crate) struct Disable {
    /// The account's name
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// Open an account again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway user enable ana")]
pub(crate) struct Enable {
    /// The account's name
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Disable {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = AccountPath { account: id_of(&client, &self.name).await? };
        let view = once(client.call::<DisableAccount>(path, (), ())).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}

impl Enable {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = AccountPath { account: id_of(&client, &self.name).await? };
        let view = once(client.call::<EnableAccount>(path, (), ())).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
