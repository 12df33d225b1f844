//! `shipway artifact`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

pub(crate) mod list;
mod pack;
mod register;

#[derive(Debug, Subcommand)]
pub(crate) enum Artifact {
    Pack(pack::Pack),
    Register(register::Register),
    List(list::List),
}

impl Artifact {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Pack(it) => it.run(),
            Self::Register(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
        }
    }
}
