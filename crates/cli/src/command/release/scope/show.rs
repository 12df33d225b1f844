//! `shipway release scope show`

use clap::Args;
use shipway_api::operations::release::ReleasePath;
use shipway_api::operations::scope::ShowScope;
use shipway_api::selector::ReleaseSelector;

use super::render;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Show what a release is meant to bring, what came in late, and what moved on
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release scope show shop@1.3.0
  shipway release scope show shop@1.3.0 -o json")]
pub(crate) struct Show {
    /// NAME@VERSION; the release need not be there yet
    release: ReleaseSelector,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let view = connect(connection)?.call::<ShowScope>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
