//! `shipway ledger`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod follow;
mod head;
mod line;
mod proof;
mod show;
mod verify;

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    Verify(verify::Verify),
    Show(show::Show),
    Proof(proof::Proof),
    Follow(follow::Follow),
    Head(head::Head),
}

impl Ledger {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Verify(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Proof(it) => it.run(connection).await,
            Self::Follow(it) => it.run(connection).await,
            Self::Head(it) => it.run(connection).await,
        }
    }
}
