//! `shipway store restore`

use std::path::PathBuf;

use clap::Args;
use shipway_store::copy::Copy;

use super::backup::Shown;
use super::files;
use super::home::Home;
use crate::control_plane::{KEY, LEDGER};
use crate::daemon;
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;

const NEXT: &str = "shipway store restore --help";

/// Restore a backup into an empty place; the ledger goes on there under the same key
///
/// A restore that was interrupted leaves what no control plane opens: empty the place and restore again. What was
/// acknowledged after the backup is not in it: `shipway ledger verify --checkpoint FILE`, with a checkpoint kept
/// elsewhere, says up to where they agree. The old place must not be served any more.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway store restore /backup/2026-06-01 --data ./shipway-data
  shipway store restore /backup/2026-06-01 --data /srv/shipway --store postgres://shipway@db.example/shipway")]
pub(crate) struct Restore {
    /// The folder of the backup
    from: PathBuf,
    /// The control plane's folder; it must hold no ledger and no key
    #[arg(long, value_name = "DIR", default_value = "shipway-data")]
    data: PathBuf,
    /// The database to keep the ledger in, instead of in the folder; it must hold no ledger
    #[arg(long, value_name = "URL", env = "SHIPWAY_STORE", hide_env_values = true)]
    store: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Restore {
    pub(crate) fn run(self) -> Outcome {
        daemon::write_privately();
        let source = Home::Folder(self.from.clone()).look()?;
        if let Some(found) = [KEY, LEDGER].map(|it| self.data.join(it)).iter().find(|it| it.exists()) {
            let message =
                format!("{} is there already: a backup is restored into an empty place", found.display());
            return Err(Failure::new(message, NEXT));
        }
        let mut target = Home::of(self.data.clone(), self.store).open()?;
        let copy = Copy::begin(&source, target.as_mut()).map_err(|error| Failure::because(&error, NEXT))?;
        let blobs = files::copy(&self.from, &self.data)?;
        let copied = copy.finish().map_err(|error| Failure::because(&error, NEXT))?;
        let shown = Shown { size: copied.size, root: copied.root, blobs };
        self.output.show(&shown, |paint| {
            let word = paint.good("restored");
            format!("{word}: {} events, root {}, and {} blobs\n", shown.size, shown.root, shown.blobs)
        })
    }
}
