//! `shipway evidence`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod attach;
mod formats;
mod inspect;
mod list;
mod schema;
mod show;
mod summary;

#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    Attach(attach::Attach),
    List(list::List),
    Show(show::Show),
    Inspect(inspect::Inspect),
    Formats(formats::Formats),
    Schema(schema::Schema),
}

impl Evidence {
    /// The others work on files alone.
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        match self {
            Self::Attach(_) | Self::List(_) | Self::Show(_) => true,
            Self::Inspect(_) | Self::Formats(_) | Self::Schema(_) => false,
        }
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Attach(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Inspect(it) => it.run(),
            Self::Formats(it) => it.run(),
            Self::Schema(it) => it.run(),
        }
    }
}
