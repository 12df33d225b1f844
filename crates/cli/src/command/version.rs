//! `shipway version`

use clap::Args;
use serde::Serialize;

use crate::failure::Outcome;
use crate::output::OutputArgs;

/// Show the version of this program
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway version
  shipway version -o json")]
pub(crate) struct Version {
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Shown {
    version: &'static str,
}

impl Version {
    pub(crate) fn run(self) -> Outcome {
        let shown = Shown { version: env!("CARGO_PKG_VERSION") };
        self.output.show(&shown, |_| format!("shipway {}\n", shown.version))
    }
}
