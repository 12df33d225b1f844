//! `shipway runbook review`

use clap::Args;
use shipway_api::operations::runbook::{ReviewRunbook, RunbookPath, RunbookReading, ShowRunbook};
use shipway_model::{Digest, Name};

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say that you have read a runbook and take it to be right
///
/// Whoever wrote the revision cannot. Releases of its services are sealed with the revision that was read; with --revision, it
/// is refused when another one stands by now.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway runbook review checkout-operating --note \"tried on staging\"")]
pub(crate) struct Review {
    runbook: Name,
    /// The revision that you have read, as `shipway runbook show` told it; the one that stands now when left out
    #[arg(long, value_name = "DIGEST")]
    revision: Option<Digest>,
    /// How you know
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Review {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = || RunbookPath { runbook: self.runbook.clone() };
        let revision = match self.revision {
            Some(revision) => revision,
            None => client.call::<ShowRunbook>(path(), (), ()).await?.value.revision,
        };
        let reading = RunbookReading { revision, note: self.note.clone() };
        let view = once(client.call::<ReviewRunbook>(path(), (), reading)).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
