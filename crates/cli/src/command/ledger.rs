//! `shipway ledger`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod approvals;
mod archive;
mod audit;
mod erase;
mod export;
mod follow;
mod head;
mod hold;
mod line;
mod live;
mod prove;
mod prune;
mod show;
mod source;
mod texts;
pub(super) mod tiles;
mod verify;

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    Verify(verify::Verify),
    Show(show::Show),
    #[command(visible_alias = "proof")]
    Prove(prove::Prove),
    Export(export::Export),
    Approvals(approvals::Approvals),
    Follow(follow::Follow),
    Head(head::Head),
    Archive(archive::Archive),
    Prune(prune::Prune),
    Erase(erase::Erase),
    /// Keep everything until a matter is settled
    #[command(subcommand)]
    Hold(hold::Hold),
}

impl Ledger {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Verify(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Prove(it) => it.run(connection).await,
            Self::Export(it) => it.run(connection).await,
            Self::Approvals(it) => it.run(connection).await,
            Self::Follow(it) => it.run(connection).await,
            Self::Head(it) => it.run(connection).await,
            Self::Archive(it) => it.run(connection),
            Self::Prune(it) => it.run(connection).await,
            Self::Erase(it) => it.run(connection).await,
            Self::Hold(it) => it.run(connection).await,
        }
    }
}
