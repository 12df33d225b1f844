//! Deleting from an archive what nobody asks for any more.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use shipway_model::Name;

use super::bundle::{self, RECORDS};
use super::manifest::{Manifest, ManifestError, Table};
use super::place::{Place, PlaceError};

/// What the ledger's organisation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How long an event is kept, by the regulation that asks for the longest.
    pub years: u8,
    /// Legal holds that stand.
    pub holds: Vec<Name>,
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
        let day = at.to_zoned(TimeZone::UTC).date();
        day.saturating_add(i64::from(self.years).years()).saturating_add(1.day())
    }

    fn is_over(&self, table: &Table, now: Timestamp) -> bool {
        self.ends(table.newest) <= now.to_zoned(TimeZone::UTC).date()
    }
}

/// Deletes the content of every table, and of its bundles, whose newest event is past its time; hashes stay, so that what
/// is left is verified as before. Killed at any moment, it is continued by the next call.
///
/// # Errors
/// When there is nothing that may be deleted, with the reason.
pub fn prune(place: &Place, retention: &Retention, now: Timestamp) -> Result<Pruned, PruneError> {
    let manifest = Manifest::read(place)?;
    let manifest = manifest.ok_or_else(|| PruneError::NoArchive { address: place.address().to_owned() })?;
    if let Some(hold) = retention.holds.first() {
        return Err(PruneError::Held { hold: hold.clone() });
    }
    if manifest.is_only_copy {
        return Err(PruneError::OnlyCopy);
    }
    let over: Vec<&Table> = manifest.tables.iter().take_while(|it| retention.is_over(it, now)).collect();
    let Some(last) = over.last() else {
        let oldest = manifest.tables.first().map_or(now, |it| it.newest);
        return Err(PruneError::TooEarly { years: retention.years, keep_until: retention.ends(oldest) });
    };
    let (pruned, deleted) = (last.to, last.to - manifest.pruned);
    let after = Manifest { pruned, ..manifest.clone() };
    // Said before it is done: what is said to be gone may still be there, and not the other way round.
    after.write(place)?;
    for table in over {
        for index in table.from / RECORDS..table.to / RECORDS {
            place.remove(&bundle::name(index))?;
        }
        place.remove(&table.file)?;
    }
    Ok(Pruned { manifest: after, deleted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_counted_by_the_calendar_and_the_last_day_counts() {
        let ends =
            |years, at: &str| Retention { years, holds: Vec::new() }.ends(at.parse().unwrap()).to_string();
        assert_eq!(ends(7, "2019-05-31T23:59:59Z"), "2026-06-01");
        assert_eq!(ends(1, "2024-02-29T12:00:00Z"), "2025-03-01");
        assert_eq!(ends(0, "2024-12-31T12:00:00Z"), "2025-01-01");
    }
}
