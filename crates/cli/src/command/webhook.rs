//! `shipway webhook`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;

#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    List(list::List),
}

impl Webhook {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
        }
    }
}
