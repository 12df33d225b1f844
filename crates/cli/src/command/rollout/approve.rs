//! `shipway rollout approve`

use clap::Args;
use shipway_api::operations::rollout::{ApprovalNote, ApproveStep, StepPath};
use shipway_model::RolloutId;
use shipway_model::plan::StepId;

use super::show;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Give the word that a step waits for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout approve rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 7 --note \"the till is balanced\"")]
pub(crate) struct Approve {
    /// The rollout's id
    rollout: RolloutId,
    /// The step's number
    #[arg(value_parser = super::log::parse_step)]
    step: StepId,
    /// What was looked at, for those who read it later
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Approve {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = StepPath { rollout: self.rollout, step: self.step };
        let answer = once(client.call::<ApproveStep>(path, (), ApprovalNote { note: self.note })).await;
        let view = answer.map_err(|error| Failure::from(error).about("ROLLOUT", self.rollout))?.value;
        self.output.show(&view, |paint| show::render(&view, paint))
    }
}
