//! `shipway user add`

use clap::Args;
use shipway_api::operations::account::AddAccount;
use shipway_model::Name;
use shipway_model::access::Account;
use shipway_model::event::Role;

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{self, OutputArgs};
use crate::settings::ConnectionArgs;

/// Add an account; its one-time password is shown once
///
/// The password opens nothing but its change: whoever signs in first chooses another.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway user add ana --role operator
  shipway user add ana-laptop --role viewer --person ana")]
pub(crate) struct Add {
    /// The name under which it signs in and acts
    name: String,
    #[arg(long, value_name = "ROLE", value_parser = crate::command::token::parse_role)]
    role: Role,
    /// The declared Person whose account it is
    #[arg(long)]
    person: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Add {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let account = Account { name: self.name, role: self.role, person: self.person };
        let added = once(connect(connection)?.call::<AddAccount>((), (), account)).await?.value;
        let exit = self.output.show(&added, |_| format!("{}\n", added.password))?;
        output::note(&format!("{}; this password is not shown again\n", added.account.id));
        Ok(exit)
    }
}
