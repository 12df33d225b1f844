//! Deleting from an archive what nobody asks for any more.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use shipway_model::Name;
use shipway_model::resource::Regulation;

use super::bundle::{self, RECORDS};
use super::manifest::{Manifest, ManifestError, Table};
use crate::place::{Place, PlaceError};

/// What the ledger's organisation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How long an event is kept, by the regulation that asks for the longest.
    pub years: u8,
    /// Legal holds that stand.
    pub holds: Vec<Name>,
}

/// What may be deleted from an archive now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    manifest: Manifest,
    /// The tables up to here.
    to: u64,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    pub manifest: Manifest,
    /// How many events were deleted now.
    pub deleted: u64,
}

/// Why nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    #[error("there is no archive at {address}")]
    NoArchive { address: String },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the hold `{hold}` stands: nothing is deleted")]
    Held { hold: Name },
    #[error(
        "a ledger reads its own old events from this archive, and what it says today follows from them: only copies are pruned"
    )]
    OnlyCopy,
    #[error("events are kept for {years} years: the oldest of these until {keep_until}")]
    TooEarly { years: u8, keep_until: Date },
}

impl Retention {
    /// The first day on which an event recorded at `at` may be deleted, in UTC.
    pub fn ends(&self, at: Timestamp) -> Date {
        Regulation::kept_until(at, self.years)
    }

    fn is_over(&self, table: &Table, now: Timestamp) -> bool {
        self.ends(table.newest) <= now.to_zoned(TimeZone::UTC).date()
    }
}

impl Due {
    /// The tables that nobody has said to be deleted yet.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.manifest.tables.iter().filter(|it| it.from >= self.manifest.pruned && it.to <= self.to)
    }
}

/// The tables whose newest event is past its time.
///
/// # Errors
/// When there is nothing that may be deleted, with the reason.
pub fn due(place: &Place, retention: &Retention, now: Timestamp) -> Result<Due, PruneError> {
    let manifest = Manifest::read(place)?;
    let manifest = manifest.ok_or_else(|| PruneError::NoArchive { address: place.address().to_owned() })?;
    if let Some(hold) = retention.holds.first() {
        return Err(PruneError::Held { hold: hold.clone() });
    }
    if manifest.is_only_copy {
        return Err(PruneError::OnlyCopy);
    }
    let over = manifest.tables.iter().take_while(|it| retention.is_over(it, now));
    match over.last().map(|it| it.to) {
        Some(to) => Ok(Due { manifest, to }),
        None => {
            let oldest = manifest.tables.first().map_or(now, |it| it.newest);
            Err(PruneError::TooEarly { years: retention.years, keep_until: retention.ends(oldest) })
        }
    }
}

/// Deletes the content of the tables that are due, and of their bundles; hashes stay, so that what is left is verified as
/// before. Killed at any moment, it is continued by the next call.
///
/// # Errors
/// When something may not have been deleted.
pub fn prune(place: &Place, due: Due) -> Result<Pruned, PruneError> {
    let Due { manifest, to: pruned } = due;
    let deleted = pruned.saturating_sub(manifest.pruned);
    let after = Manifest { pruned: pruned.max(manifest.pruned), ..manifest };
    // Said before it is done: what is said to be gone may still be there, and not the other way round.
    after.write(place)?;
    for table in after.tables.iter().filter(|it| it.to <= pruned) {
        for index in table.from / RECORDS..table.to / RECORDS {
            place.remove(&bundle::name(index))?;
        }
        place.remove(&table.file)?;
    }
    Ok(Pruned { manifest: after, deleted })
}
