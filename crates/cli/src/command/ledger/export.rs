//! `shipway ledger export`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shipway_ledger::Policy;
use shipway_model::Digest;

use super::source::Source;
use super::tiles::{Fault, TileWriter};
use crate::command::trust::TrustArgs;
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Write the ledger as static files that anybody can serve, keep and check
///
/// The place is laid out as C2SP tlog-tiles: `checkpoint`, hashes under `tile/` and the events under `tile/entries/`.
/// One that has an earlier export is continued, with the new events alone, if the ledger continues it; otherwise
/// nothing that its checkpoint signs for is changed. `shipway verify PLACE` checks the result. From a server, or with
/// --data from the files of a control plane that is not running.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger export --tiles ./exported --key ledger.pub
  shipway ledger export --tiles ./exported --data ./shipway-data
  shipway ledger export --tiles /mnt/write-once/ledger --policy policy.txt -o json
  shipway ledger export --tiles s3://bucket/published --key ledger.pub")]
pub(crate) struct Export {
    /// A folder, which is made if it is not there, or `s3://BUCKET/PREFIX` in builds with object storage
    #[arg(long, value_name = "PLACE")]
    tiles: String,
    /// The control plane's data folder, or its ledger file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
struct Exported {
    /// Of all events in the folder.
    size: u64,
    root: Digest,
    /// How many of them are new.
    added: u64,
}

impl Export {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let source = Source::open(self.data.as_deref(), connection)?;
        let policy = self.policy(&source)?;
        let head = source.head().await?;
        let next = "shipway ledger head";
        if head.size == 0 {
            return Err(Failure::new("the ledger has no events yet", next));
        }
        let signed = policy.verify(&head.checkpoint).map_err(|it| Failure::because(&it, next))?.checkpoint;
        let mut writer = TileWriter::open(&self.tiles, &policy).map_err(|it| self.failed(&it))?;
        let before = writer.size();
        while writer.size() < signed.size {
            let records = source.records(writer.size()).await?;
            if records.is_empty() {
                let message = format!("{} events are there, {} are signed for", writer.size(), signed.size);
                return Err(Failure::new(message, "shipway ledger verify"));
            }
            // The ledger grows meanwhile.
            for record in records.iter().take_while(|it| it.position < signed.size) {
                writer.push(&record.bytes).map_err(|it| self.failed(&it))?;
            }
        }
        writer.finish(&head.checkpoint, &signed).map_err(|it| self.failed(&it))?;
        let exported = Exported { size: signed.size, root: signed.root, added: signed.size - before };
        self.output.show(&exported, |paint| {
            let Exported { size, root, added } = &exported;
            let (word, place) = (paint.good("exported"), &self.tiles);
            format!("{word}: {added} new events, {size} in all, root {root}\nnext: shipway verify {place}\n")
        })
    }

    /// An export that nobody has checked is no evidence, so somebody must be believed.
    fn policy(&self, source: &Source) -> Result<Policy, Failure> {
        match source.own_key() {
            _ if self.trust.is_given() => self.trust.policy(),
            Some(key) => Ok(Policy::of_logs(vec![key.clone()])),
            None => Err(Failure::usage("no public key was given", "shipway help ledger export")
                .with_hint("give --key FILE: `checkpoint.pub` in the control plane's data folder")),
        }
    }

    fn failed(&self, fault: &Fault) -> Failure {
        Failure::because(fault, format!("shipway verify {}", self.tiles))
    }
}
