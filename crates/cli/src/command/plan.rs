//! `shipway plan`

use clap::Args;
use shipway_api::operations::plan::{MakePlan, PlanRequest};
use shipway_api::selector::ReleaseSelector;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

mod action;
mod page;

pub(crate) use action::{describe, split};

/// Show what a rollout would do, in which order and why; nothing is touched
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway plan shop@1.2.0 --env production
  shipway plan shop@1.2.0 --env production -o json")]
pub(crate) struct Plan {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[arg(long, value_name = "ENV")]
    env: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Plan {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let request = PlanRequest { release: self.release, environment: self.env };
        let view = connect(connection)?.call::<MakePlan>((), (), request).await?.value;
        self.output.show(&view, |paint| page::render(&view, paint))
    }
}
