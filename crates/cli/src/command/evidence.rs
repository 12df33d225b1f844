//! `shipway evidence`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod attach;
mod list;
mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    Attach(attach::Attach),
    List(list::List),
    Show(show::Show),
}

impl Evidence {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Attach(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
        }
    }
}
