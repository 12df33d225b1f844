//! `shipway agents`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;

#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    List(list::List),
}

impl Agents {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
        }
    }
}
