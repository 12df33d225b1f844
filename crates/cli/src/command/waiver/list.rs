//! `shipway waiver list`

use clap::Args;
use shipway_api::operations::waiver::{ListWaivers, WaiverQuery};
use shipway_model::Millis;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// List waivers, the first to lapse first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway waiver list
  shipway waiver list --lapsing 14d
  shipway waiver list -o json")]
pub(crate) struct List {
    /// Only those that count now and lapse within this time
    #[arg(long, value_name = "DURATION")]
    lapsing: Option<Millis>,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = WaiverQuery { lapsing: self.lapsing };
        let page = connect(connection)?.call::<ListWaivers>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| super::render(&page.items, paint))
    }
}
