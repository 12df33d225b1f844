//! `shipway calendar`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod about;
mod check;
mod conflicts;
mod exception;
mod expand;
mod export;
mod feeds;
mod files;
mod import;
mod lint;
mod next;
mod propose;
mod show;
mod subscribe;

pub(crate) use files::instant;

#[derive(Debug, Subcommand)]
pub(crate) enum Calendar {
    Check(check::Check),
    Show(show::Show),
    Conflicts(conflicts::Conflicts),
    Next(next::Next),
    Expand(expand::Expand),
    Lint(lint::Lint),
    Propose(propose::Propose),
    Export(export::Export),
    Import(import::Import),
    Feeds(feeds::Feeds),
    Subscribe(subscribe::Subscribe),
    /// Ask to be let through where the calendar is closed
    #[command(subcommand)]
    Exception(exception::Exception),
}

impl Calendar {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Check(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Conflicts(it) => it.run(connection).await,
            Self::Next(it) => it.run(connection).await,
            Self::Expand(it) => it.run(connection).await,
            Self::Lint(it) => it.run(connection).await,
            Self::Propose(it) => it.run(connection).await,
            Self::Export(it) => it.run(connection).await,
            Self::Import(it) => it.run().await,
            Self::Feeds(it) => it.run(connection).await,
            Self::Subscribe(it) => it.run(connection).await,
            Self::Exception(it) => it.run(connection).await,
        }
    }
}
