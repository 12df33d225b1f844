//! `shipway evidence formats`

use clap::Args;
use serde_json::json;
use shipway_integrations::evidence::ALL;

use crate::failure::Outcome;
use crate::output::{OutputArgs, Table};

/// List the formats of evidence that can be read
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence formats
  shipway evidence formats -o json")]
pub(crate) struct Formats {
    #[command(flatten)]
    output: OutputArgs,
}

impl Formats {
    pub(crate) fn run(self) -> Outcome {
        let all: Vec<_> = ALL.iter().map(|it| json!({"name": it.name, "summary": it.summary})).collect();
        self.output.show(&all, |paint| {
            let mut table = Table::new(["NAME", "WHAT IT IS"]);
            ALL.iter().for_each(|it| table.row([it.name, it.summary]));
            table.render(paint, "There are none.")
        })
    }
}
