//! `shipway ledger archive`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use shipway_ledger::{Checkpoint, Policy};
use shipway_model::Digest;
use shipway_runtime::store::UNFINISHED;
use shipway_store::Place;
use shipway_store::archive::{self, Extended, Moved};
use shipway_store::copy::Source;

use super::audit;
use super::live::Live;
use crate::command::trust::{TrustArgs, read_key};
use crate::connection::only_now;
use crate::control_plane::PUBLIC_KEY;
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

const NEXT: &str = "shipway help ledger archive";

/// Move old events to a cheap archive that stays verifiable and that any SQL engine reads
///
/// The archive gets the events from the first on, in compressed bundles of 256 and as tables in Parquet, and a proof that
/// ties them to the ledger's signed checkpoint; `shipway verify` checks all of it, with no server. The ledger's own store
/// keeps hashes and personal texts and drops the rest, after each bundle has been read back from the archive. It reads old
/// events there from then on, so nothing becomes unreadable, and the archive must stay where it is, or be moved with
/// `--to` at the new place. Control planes may be at work meanwhile, all of this version. Killed at any moment, it is
/// continued by the next call.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger archive --before 2026-01-01 --to /mnt/archive/ledger
  shipway ledger archive --before 2026-01-01 --to /mnt/copy --copy -o json
  shipway ledger archive --before 2026-01-01 --to s3://bucket/ledger --store postgres://shipway@db.example/shipway --compact")]
pub(crate) struct Archive {
    /// Events of this instant and later stay out: a date in UTC, or an instant
    #[arg(long, value_name = "DATE", value_parser = parse_before)]
    before: Timestamp,
    /// A folder, which is made if it is not there, or `s3://BUCKET/PREFIX` in builds with object storage
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// The control plane's folder
    #[arg(long, value_name = "DIR", default_value = "shipway-data")]
    data: PathBuf,
    /// The database, when the ledger is kept in one
    #[arg(long, value_name = "URL", env = "SHIPWAY_STORE", hide_env_values = true)]
    store: Option<String>,
    /// Leave the events in the ledger's store as well: the archive is a copy, which `ledger prune` may make smaller
    #[arg(long)]
    copy: bool,
    /// Give the disk back what the store has dropped, for which it is written anew: nothing else can be written meanwhile.
    /// A file that no control plane has open is always written anew
    #[arg(long, conflicts_with = "copy")]
    compact: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// Of all events in the archive.
    size: u64,
    root: Digest,
    /// How many of them are new.
    added: u64,
    place: String,
    /// How many events have left the live store; absent for a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
    /// What the live store takes now.
    #[serde(skip_serializing_if = "Option::is_none")]
    store_bytes: Option<u64>,
}

impl Archive {
    pub(crate) fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "an archive ends where --before says", NEXT)?;
        let policy = self.policy()?;
        let source = self.look()?;
        let note = source.loaded.head.checkpoint.clone();
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::because(error, NEXT);
        let signed: Checkpoint = policy.verify(&note).map_err(|it| failed(&it))?.checkpoint;
        let mut live = match self.copy {
            true => None,
            false => Some(Live::open(&self.data, self.store.as_deref(), self.compact)?),
        };
        let place = Place::make(&self.to).map_err(|it| failed(&it))?;
        let _lock = place.lock().map_err(|it| failed(&it))?;
        let extended = archive::extend(&place, &source, &note, &signed, self.before);
        let Extended { manifest, added } = extended.map_err(|it| failed(&it))?;
        let mut shown = Shown {
            size: manifest.size,
            root: manifest.root,
            added,
            place: place.address().to_owned(),
            dropped: None,
            store_bytes: None,
        };
        if let Some(live) = &mut live {
            let moved = archive::move_out(live.shrink(), source.reader.as_ref(), &place, &manifest);
            let Moved { dropped } = moved.map_err(|it| failed(&it))?;
            shown.dropped = Some(dropped);
            shown.store_bytes = Some(live.compact()?);
        }
        self.output.show(&shown, |paint| {
            let Shown { size, root, added, place, .. } = &shown;
            let word = paint.good("archived");
            let mut text = format!("{word}: {added} new events, {size} in all, root {root}\n");
            if let (Some(dropped), Some(bytes)) = (shown.dropped, shown.store_bytes) {
                text += &format!("moved out: {dropped} events; the live store takes {bytes} bytes\n");
            }
            text + &format!("next: shipway verify {place}\n")
        })
    }

    fn look(&self) -> Result<Source, Failure> {
        let place = match &self.store {
            Some(address) => audit::Place::Database(address),
            None => audit::Place::Folder(&self.data),
        };
        let (loaded, reader, _) = place.look()?;
        if loaded.head.checkpoint == UNFINISHED {
            let message =
                "the ledger is not whole: it was being copied or restored, and that was not finished";
            return Err(Failure::new(message, "shipway store --help"));
        }
        if loaded.head.size == 0 {
            return Err(Failure::new("the ledger has no events yet", "shipway ledger head"));
        }
        Ok(Source { loaded, reader })
    }

    /// An archive that nobody has checked is no evidence, so somebody must be believed.
    fn policy(&self) -> Result<Policy, Failure> {
        let beside = self.data.join(PUBLIC_KEY);
        match self.trust.is_given() {
            true => self.trust.policy(),
            false if beside.is_file() => Ok(Policy::of_logs(vec![read_key(&beside)?])),
            false => Err(Failure::usage("no public key was given", NEXT)
                .with_hint("give --key FILE: `checkpoint.pub` in the control plane's data folder")),
        }
    }
}

fn parse_before(text: &str) -> Result<Timestamp, String> {
    let instant = text.parse::<Timestamp>().ok();
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp());
    instant.or_else(day).ok_or_else(|| "write a date such as 2026-01-01, or an instant".to_owned())
}
