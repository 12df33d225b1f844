//! `shipway release accept`

use clap::Args;
use shipway_api::operations::release::{AcceptKnownErrors, Acceptance, ReleasePath};
use shipway_api::selector::ReleaseSelector;

use super::show::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Take on the known errors with which a release was sealed
///
/// `shipway release show` tells them. The word counts when you had no hand in the release: the gate `known-errors` asks
/// for it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release accept shop@1.2.0
  shipway release accept shop@1.2.0 --note \"support has been told\"")]
pub(crate) struct Accept {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    /// For whoever reads it
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Accept {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let acceptance = Acceptance { note: self.note };
        let view = once(connect(connection)?.call::<AcceptKnownErrors>(path, (), acceptance)).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
