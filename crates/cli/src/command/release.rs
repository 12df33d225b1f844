//! `shipway release`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod accept;
mod commits;
mod create;
mod diff;
mod hotfix;
mod known_errors;
mod list;
mod merge_backs;
mod scope;
mod seal;
mod show;
mod sources;
mod touches;

#[derive(Debug, Subcommand)]
pub(crate) enum Release {
    Create(create::Create),
    Seal(seal::Seal),
    Accept(accept::Accept),
    Show(show::Show),
    List(list::List),
    Diff(diff::Diff),
    Hotfix(hotfix::Hotfix),
    #[command(subcommand)]
    Scope(scope::Scope),
    MergeBacks(merge_backs::MergeBacks),
    MergedBack(merge_backs::MergedBack),
}

impl Release {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Create(it) => it.run(connection).await,
            Self::Seal(it) => it.run(connection).await,
            Self::Accept(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Diff(it) => it.run(connection).await,
            Self::Hotfix(it) => it.run(connection).await,
            Self::Scope(it) => it.run(connection).await,
            Self::MergeBacks(it) => it.run(connection).await,
            Self::MergedBack(it) => it.run(connection).await,
        }
    }
}
