//! `shipway decision`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;
mod replay;
mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Decision {
    List(list::List),
    Show(show::Show),
    Replay(replay::Replay),
}

impl Decision {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Replay(it) => it.run(connection).await,
        }
    }
}
