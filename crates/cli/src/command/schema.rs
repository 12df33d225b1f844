//! `shipway schema`

use clap::Args;
use shipway_model::resource::{Kind, file};

use crate::command::get::parse_kind;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output;

/// Print the JSON Schema (2020-12) of the files
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway schema > shipway.schema.json
  shipway schema service")]
pub(crate) struct Schema {
    /// Of this kind alone
    #[arg(value_parser = parse_kind)]
    kind: Option<Kind>,
}

impl Schema {
    pub(crate) fn run(self) -> Outcome {
        output::print(&output::json(&file::schema(self.kind)));
        Ok(Exit::Ok)
    }
}
