//! `shipway resume`

use clap::Args;
use shipway_api::operations::pause::{ResumeRequest, ResumeScope};

use super::pause::{ScopeArgs, render};
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// End the pause of an environment, a service or everything
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway resume --env production
  shipway resume --everything")]
pub(crate) struct Resume {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Resume {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let request = ResumeRequest { scope: self.scope.scope() };
        let page = once(connect(connection)?.call::<ResumeScope>((), (), request)).await?.value;
        self.output.show(&page.items, |paint| render(&page, paint))
    }
}
