//! `shipway itsm`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;

#[derive(Debug, Subcommand)]
pub(crate) enum Itsm {
    List(list::List),
}

impl Itsm {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
        }
    }
}
