//! `shipway store copy`

use clap::Args;
use serde::Serialize;
use shipway_model::Digest;
use shipway_store::copy;

use super::home::Home;
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;

const NEXT: &str = "shipway store copy --help";

/// Copy a ledger from one store into another, empty one, and check that it is the same
///
/// From the folder of a control plane into a PostgreSQL database, or back. No control plane may be at work on it
/// meanwhile. Every record is hashed on the way and once more as it reads back from the copy. Blobs, logs and the key
/// stay in the folder: serve with the same folder and the new store.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway store copy ./shipway-data postgres://shipway@db.example/shipway
  shipway store copy postgres://shipway@db.example/shipway ./shipway-data")]
pub(crate) struct Copy {
    /// The folder or the address of the database to copy from
    from: Home,
    /// The folder or the address of the database to copy into
    to: Home,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    size: u64,
    root: Digest,
}

impl Copy {
    pub(crate) fn run(self) -> Outcome {
        // Looked at first: to open a folder is to make it.
        let mut source = self.from.look()?;
        let held = match &self.from {
            Home::Folder(_) => Some(self.from.open()?),
            Home::Database(_) => None,
        };
        if held.is_some() {
            // Nobody writes from now on.
            source = self.from.look()?;
        }
        let mut target = self.to.open()?;
        let copied = copy::Copy::begin(&source, target.as_mut()).and_then(copy::Copy::finish);
        let copied = copied.map_err(|error| Failure::because(&error, NEXT))?;
        if self.from.look()?.loaded.head.size != copied.size {
            let message = "the ledger has grown while it was copied: the copy lacks what came";
            return Err(Failure::new(message, NEXT)
                .with_hint("stop the control planes, empty the store that was copied into, and copy again"));
        }
        let shown = Shown { size: copied.size, root: copied.root };
        self.output.show(&shown, |paint| {
            format!("{}: {} events, root {}\n", paint.good("copied"), shown.size, shown.root)
        })
    }
}
