//! `shipway key`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod add;
mod list;
mod revoke;

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    Add(add::Add),
    List(list::List),
    Revoke(revoke::Revoke),
}

impl Key {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Add(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Revoke(it) => it.run(connection).await,
        }
    }
}
