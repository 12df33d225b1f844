//! `shipway change`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;
mod propose;
pub(crate) mod show;
mod withdraw;

#[derive(Debug, Subcommand)]
pub(crate) enum Change {
    List(list::List),
    Show(show::Show),
    Withdraw(withdraw::Withdraw),
    Propose(propose::Propose),
}

impl Change {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Withdraw(it) => it.run(connection).await,
            Self::Propose(it) => it.run(connection).await,
        }
    }
}
