//! `shipway alert`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;
mod mark;
mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Alert {
    List(list::List),
    Show(show::Show),
    Mark(mark::Mark),
}

impl Alert {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Mark(it) => it.run(connection).await,
        }
    }
}
