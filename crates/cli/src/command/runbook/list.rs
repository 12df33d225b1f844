//! `shipway runbook list`

use clap::Args;
use shipway_api::operations::runbook::ListRunbooks;

use super::render;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// List runbooks: who has read them, and which are out of date
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway runbook list
  shipway runbook list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListRunbooks>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}
