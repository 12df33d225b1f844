//! `shipway runbook outdated`

use clap::Args;
use shipway_api::operations::rollout::Reason;
use shipway_api::operations::runbook::{OutdateRunbook, RunbookPath};
use shipway_model::Name;

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say that a runbook is out of date, for example after an incident
///
/// Another revision, read by a peer, is owed by the time that the runbook says; from then on the next normal change of its services
/// waits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway runbook outdated checkout-operating --reason \"the queue is drained by another command now\"")]
pub(crate) struct Outdated {
    runbook: Name,
    /// What in it is no longer so
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Outdated {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = RunbookPath { runbook: self.runbook };
        let view = once(client.call::<OutdateRunbook>(path, (), Reason { reason: self.reason })).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
