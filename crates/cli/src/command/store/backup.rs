//! `shipway store backup`

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shipway_model::Digest;
use shipway_store::copy::Copy;

use super::files;
use super::home::Home;
use crate::daemon;
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;

const NEXT: &str = "shipway store backup --help";

/// Back up everything that a control plane keeps, while it runs
///
/// The backup is a folder with the ledger as it is at this moment, in SQLite whatever it is kept in, the blobs, the logs
/// and the key that signs checkpoints: keep it where the key is safe. Every record and every blob is hashed on the way.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway store backup --data ./shipway-data /backup/2026-06-01
  shipway store backup --data /srv/shipway --store postgres://shipway@db.example/shipway /backup/2026-06-01")]
pub(crate) struct Backup {
    /// The control plane's folder
    #[arg(long, value_name = "DIR", default_value = "shipway-data")]
    data: PathBuf,
    /// The database, when the ledger is kept in one
    #[arg(long, value_name = "URL", env = "SHIPWAY_STORE", hide_env_values = true)]
    store: Option<String>,
    /// The folder for the backup; it is made, and must not be there
    to: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) size: u64,
    pub(super) root: Digest,
    pub(super) blobs: usize,
}

impl Backup {
    pub(crate) fn run(self) -> Outcome {
        daemon::write_privately();
        // The ledger first: what it speaks of was stored before it was said.
        let source = Home::of(self.data.clone(), self.store).look()?;
        fs::create_dir(&self.to).map_err(|error| {
            Failure::new(format!("the folder {} cannot be made: {error}", self.to.display()), NEXT)
        })?;
        let mut target = Home::Folder(self.to.clone()).open()?;
        let copy = Copy::begin(&source, target.as_mut()).map_err(|error| Failure::because(&error, NEXT))?;
        let blobs = files::copy(&self.data, &self.to)?;
        let copied = copy.finish().map_err(|error| Failure::because(&error, NEXT))?;
        let shown = Shown { size: copied.size, root: copied.root, blobs };
        self.output.show(&shown, |paint| {
            let word = paint.good("backed up");
            format!("{word}: {} events, root {}, and {} blobs\n", shown.size, shown.root, shown.blobs)
        })
    }
}
