//! `shipway tests quarantine list`

use clap::Args;
use shipway_api::operations::test::{ListQuarantines, QuarantineQuery};
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// List the tests that are set aside, the first to end first, and what that hides
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway tests quarantine list
  shipway tests quarantine list --service checkout --all -o json")]
pub(crate) struct List {
    #[arg(long, value_name = "SERVICE")]
    service: Option<Name>,
    /// Those that lapsed or were ended too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = QuarantineQuery { service: self.service, all: self.all };
        let page = connect(connection)?.call::<ListQuarantines>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| super::render(&page.items, paint))
    }
}
