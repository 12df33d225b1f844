//! `shipway rollout decider`

use clap::Args;
use shipway_api::operations::rollout::{self, NameDecider, RolloutPath};
use shipway_model::RolloutId;

use super::show;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say who decides about a rollout
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout decider rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 ben")]
pub(crate) struct Decider {
    /// The rollout's id
    rollout: RolloutId,
    /// Who decides, as the token or account is named
    person: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Decider {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = RolloutPath { rollout: self.rollout };
        let decider = rollout::Decider { decider: self.person };
        let view = once(client.call::<NameDecider>(path, (), decider)).await;
        let view = view.map_err(|error| Failure::from(error).about("ROLLOUT", self.rollout))?.value;
        self.output.show(&view, |paint| show::render(&view, paint))
    }
}
