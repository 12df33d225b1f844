//! `shipway train`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod list;
mod plan;

#[derive(Debug, Subcommand)]
pub(crate) enum Train {
    List(list::List),
    #[command(visible_alias = "show")]
    Plan(plan::Plan),
}

impl Train {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
            Self::Plan(it) => it.run(connection).await,
        }
    }
}
