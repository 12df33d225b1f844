//! `shipway rollout note`

use clap::Args;
use shipway_api::operations::rollout::{NewNote, NoteRollout, RolloutPath};
use shipway_model::RolloutId;

use super::show;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Write down what you saw, did or decided, for everybody who follows the rollout
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout note rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 \"the spike at 14:02 is the nightly import\"")]
pub(crate) struct Note {
    /// The rollout's id
    rollout: RolloutId,
    /// What there is to say
    note: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Note {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = RolloutPath { rollout: self.rollout };
        let answer = once(client.call::<NoteRollout>(path, (), NewNote { note: self.note })).await;
        let view = answer.map_err(|error| Failure::from(error).about("ROLLOUT", self.rollout))?.value;
        self.output.show(&view, |paint| show::render(&view, paint))
    }
}
