//! `shipway rollout log`

use clap::{Args, ValueEnum};
use shipway_api::operations::rollout::{LogQuery, StepPath};
use shipway_model::RolloutId;
use shipway_model::effect;
use shipway_model::plan::StepId;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output;
use crate::settings::ConnectionArgs;

/// Print what a step has printed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout log rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 7
  shipway rollout log rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 7 --direction undo --attempt 1")]
pub(crate) struct Log {
    /// The rollout's id
    rollout: RolloutId,
    /// The step's number
    #[arg(value_parser = parse_step)]
    step: StepId,
    /// The step itself, or what took it back
    #[arg(long, value_enum, default_value = "do")]
    direction: Direction,
    /// The latest when left out
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Direction {
    Do,
    Undo,
}

impl Log {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = StepPath { rollout: self.rollout, step: self.step };
        let direction = Some(match self.direction {
            Direction::Do => effect::Direction::Do,
            Direction::Undo => effect::Direction::Undo,
        });
        let mut offset = 0;
        loop {
            let query = LogQuery { direction, attempt: self.attempt, offset: Some(offset) };
            let bytes = client.read_step_log(path.clone(), query).await?;
            if bytes.is_empty() {
                return Ok(Exit::Ok);
            }
            offset += bytes.len() as u64;
            output::print_bytes(&bytes);
        }
    }
}

pub(super) fn parse_step(text: &str) -> Result<StepId, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(StepId(number)),
        _ => Err("a step's number, from 1, as `shipway rollout show` tells it".to_owned()),
    }
}
