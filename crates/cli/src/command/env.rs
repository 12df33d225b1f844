//! `shipway env`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;
mod parity;
mod queue;
mod show;
mod strays;

#[derive(Debug, Subcommand)]
pub(crate) enum Env {
    List(list::List),
    Show(show::Show),
    Queue(queue::Queue),
    Parity(parity::Parity),
    Strays(strays::Strays),
}

impl Env {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Queue(it) => it.run(connection).await,
            Self::Parity(it) => it.run(connection).await,
            Self::Strays(it) => it.run(connection).await,
        }
    }
}
