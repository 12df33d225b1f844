//! `shipway cab`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod agenda;
mod meetings;
mod met;
mod minutes;
mod show;
mod tally;
mod vote;

#[derive(Debug, Subcommand)]
pub(crate) enum Cab {
    Agenda(agenda::Agenda),
    Meetings(meetings::Meetings),
    Show(show::Show),
    Vote(vote::Vote),
    Met(met::Met),
    Minutes(minutes::Minutes),
}

impl Cab {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Agenda(it) => it.run(connection).await,
            Self::Meetings(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Vote(it) => it.run(connection).await,
            Self::Met(it) => it.run(connection).await,
            Self::Minutes(it) => it.run(connection).await,
        }
    }
}
