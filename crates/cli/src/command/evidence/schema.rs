//! `shipway evidence schema`

use clap::Args;
use shipway_integrations::evidence;

use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output;

/// Print the JSON Schema (2020-12) of evidence in its normal form
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence schema > evidence.schema.json")]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(self) -> Outcome {
        output::print(&output::json(&evidence::schema()));
        Ok(Exit::Ok)
    }
}
