//! `shipway channel`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;

#[derive(Debug, Subcommand)]
pub(crate) enum Channel {
    List(list::List),
}

impl Channel {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
        }
    }
}
