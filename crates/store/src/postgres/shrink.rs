//! Dropping from a ledger's tables what is in an archive, beside the replicas that work on them.

use std::time::Duration;

use shipway_runtime::StoreError;
use tokio::time::timeout;

use super::fault::Fault;
use super::line::Line;
use super::open::{ConnectError, PostgresStore};
use super::session::Session;
use super::{migrate, row};
use crate::archive::{Archived, Shrink};

/// Writing tables anew takes as long as it takes; a database that does not answer for this long is given up.
const COMPACT_MAX: Duration = Duration::from_secs(3600);

/// A ledger's tables that get smaller.
pub struct PostgresShrink {
    /// Whose tables these are; it holds no lock.
    store: PostgresStore,
}

impl PostgresShrink {
    /// Connects, as [`PostgresStore::open`] does.
    ///
    /// # Errors
    /// As there.
    pub fn open(address: &str) -> Result<Self, ConnectError> {
        PostgresStore::open(address).map(|store| Self { store })
    }

    /// Lets new events take the room of what has been dropped, or, with `Room::OfTheDisk`, writes the table anew and gives
    /// it back to the disk, for which everybody else waits. Answers with the size of the table of events in bytes.
    ///
    /// # Errors
    /// For want of room, or of answers.
    pub fn compact(&mut self, room: Room) -> Result<u64, StoreError> {
        let sql = match room {
            Room::OfTheTable => "VACUUM events",
            Room::OfTheDisk => "VACUUM FULL events",
        };
        let target = self.store.target.clone();
        let size = self.store.driver.block(async move {
            let session = Session::connect(&target).await?;
            let compacted = timeout(COMPACT_MAX, session.client.batch_execute(sql)).await;
            compacted.map_err(|_| Fault::Late)??;
            let size = session.row("SELECT pg_total_relation_size('events')", &[]).await?;
            row::unsigned(&size, 0)
        });
        size.map_err(|fault: Fault| fault.into())
    }

    fn line(&mut self) -> &mut Line {
        &mut self.store.line
    }
}

/// What gets the room of events that have been dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    OfTheTable,
    OfTheDisk,
}

impl Shrink for PostgresShrink {
    fn archived(&mut self) -> Result<Option<Archived>, StoreError> {
        Ok(self.line().call(|session| async move { archived(&session).await })?)
    }

    fn point_to(&mut self, archived: &Archived) -> Result<(), StoreError> {
        let (size, place) = (row::integer(archived.size), archived.place.clone());
        let pointed = self.line().call(move |session| async move {
            // An older replica would find records changed that are only elsewhere.
            session.execute(migrate::NEED_ARCHIVES, &[]).await?;
            session.execute(include_str!("sql/point_to_archive.sql"), &[&size, &place]).await
        });
        Ok(pointed.map(drop)?)
    }

    fn first_kept(&mut self, from: u64, to: u64) -> Result<Option<u64>, StoreError> {
        let (from, to) = (row::integer(from), row::integer(to));
        let first = self.line().call(move |session| async move {
            let rows = session.rows(include_str!("sql/first_kept.sql"), &[&from, &to]).await?;
            rows.first().map(|it| row::unsigned(it, 0)).transpose()
        });
        Ok(first?)
    }

    fn drop_bytes(&mut self, from: u64, to: u64) -> Result<(), StoreError> {
        let (from, to) = (row::integer(from), row::integer(to));
        let dropped = self.line().call(move |session| async move {
            session.execute(include_str!("sql/drop_bytes.sql"), &[&from, &to]).await
        });
        Ok(dropped.map(drop)?)
    }
}

pub(super) async fn archived(session: &Session) -> Result<Option<Archived>, Fault> {
    let rows = session.rows(include_str!("sql/find_archive.sql"), &[]).await?;
    let read = |it| Ok(Archived { size: row::unsigned(it, 0)?, place: row::get(it, 1)? });
    rows.first().map(read).transpose()
}
