//! `shipway token`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod issue;
mod list;
mod revoke;

pub(crate) use issue::parse_role;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    Issue(issue::Issue),
    List(list::List),
    Revoke(revoke::Revoke),
}

impl Token {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Issue(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Revoke(it) => it.run(connection).await,
        }
    }
}
