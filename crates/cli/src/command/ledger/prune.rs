//! `shipway ledger prune`

use clap::Args;
use serde::Serialize;
use shipway_api::client::Client;
use shipway_api::operations::ledger::{ArchivedTable, ListHolds, PruneArchive, PruneRequest};
use shipway_api::operations::resource::{ListResources, ResourceQuery};
use shipway_model::resource::{Kind, Regulation, Spec};
use shipway_runtime::{Clock as _, SystemClock};
use shipway_store::archive::{self, PruneError, Retention, Table};
use shipway_store::{Place, PlaceError};

use crate::connection::{connect, only_now, pages};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Delete from a copy of the ledger the events whose time of keeping is over
///
/// How long events are kept is the longest `retentionYears` of the regulations that the control plane knows now, 7 when
/// they say nothing. Deleted are whole tables with their bundles, oldest first; the hashes stay, so `shipway verify` still
/// checks the rest. Refused while a legal hold stands, before the time is over, and for the archive that a ledger reads its
/// own old events from. The control plane decides, and records who had which events deleted, under which retention and with
/// which digests, before anything is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger prune /mnt/copy
  shipway ledger prune s3://bucket/ledger -o json")]
pub(crate) struct Prune {
    /// The archive, which `shipway ledger archive --copy` has written
    #[arg(value_name = "PLACE")]
    archive: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// Events that were deleted now.
    deleted: u64,
    /// Events whose content is gone, from the first on.
    pruned: u64,
    /// Of all events in the archive.
    size: u64,
    retention_years: u8,
    /// The ledger's size after it was recorded; absent when it was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_before: Option<u64>,
}

impl Prune {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "what may be deleted is decided now", "shipway help ledger prune")?;
        let client = connect(connection)?;
        let retention = retention(&client).await?;
        let unusable = |it: PlaceError| Failure::because(&it, "shipway help ledger archive");
        let place = Place::open(&self.archive).map_err(unusable)?;
        let _lock = place.lock().map_err(|it| Failure::because(&it, "shipway help ledger prune"))?;
        let due = archive::due(&place, &retention, SystemClock.now()).map_err(|it| refused(&it))?;
        let tables: Vec<ArchivedTable> = due.tables().map(named).collect();
        let recorded_before = match tables.is_empty() {
            // An earlier call was killed when it had said so, and is continued.
            true => None,
            false => {
                let request = PruneRequest { archive: place.address().to_owned(), tables };
                Some(client.call::<PruneArchive>((), (), request).await?.value.recorded_before)
            }
        };
        let pruned = archive::prune(&place, due).map_err(|it| refused(&it))?;
        let (manifest, deleted) = (pruned.manifest, pruned.deleted);
        let shown = Shown {
            deleted,
            pruned: manifest.pruned,
            size: manifest.size,
            retention_years: retention.years,
            recorded_before,
        };
        self.output.show(&shown, |paint| {
            let Shown { deleted, pruned, size, retention_years, .. } = &shown;
            let word = paint.good("pruned");
            format!(
                "{word}: {deleted} events after {retention_years} years; of {size} events the first {pruned} are hashes only\n\
                 next: shipway verify {}\n",
                place.address()
            )
        })
    }
}

fn named(table: &Table) -> ArchivedTable {
    ArchivedTable { from: table.from, to: table.to, digest: table.digest }
}

/// What the regulations and holds that stand now ask for: what is refused on their account is told of before anything is
/// asked of the control plane.
async fn retention(client: &Client) -> Result<Retention, Failure> {
    let regulations = pages(async |page| {
        let query = ResourceQuery { kind: Some(Kind::Regulation), cursor: page.cursor, limit: page.limit };
        client.call::<ListResources>((), query, ()).await.map(|it| it.value)
    });
    let years = regulations.await?.into_iter().filter_map(|it| match it.resource.spec {
        Spec::Regulation(it) => Some(it.retention_years()),
        _ => None,
    });
    let years = years.max().unwrap_or(Regulation::RETENTION_YEARS_DEFAULT);
    let holds = client.call::<ListHolds>((), (), ()).await?.value.items;
    Ok(Retention { years, holds: holds.into_iter().map(|it| it.name).collect() })
}

fn refused(error: &PruneError) -> Failure {
    let next = match error {
        PruneError::Held { .. } => "shipway ledger hold list",
        PruneError::TooEarly { .. } => "shipway get regulations",
        PruneError::OnlyCopy => "shipway ledger archive --copy --help",
        PruneError::NoArchive { .. } | PruneError::Manifest(_) | PruneError::Place(_) => {
            "shipway help ledger archive"
        }
    };
    Failure::because(error, next)
}
