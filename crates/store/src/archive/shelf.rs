//! Reading archived records as if they had stayed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use shipway_ledger::leaf_hash;
use shipway_runtime::{Record, StoreError};

use super::bundle::{self, RECORDS};
use crate::place::Place;

/// Bundles that are kept unpacked: some megabytes.
const KEPT_MAX: usize = 32;

/// Where a store's readers get the bytes of records from that it has dropped. The archive is opened when it is needed.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    open: Mutex<Option<Arc<Opened>>>,
}

#[derive(Debug)]
struct Opened {
    place: Place,
    /// The newest last.
    kept: Mutex<VecDeque<(u64, Bundle)>>,
}

type Bundle = Arc<Vec<Arc<[u8]>>>;

impl Shelf {
    /// Puts the bytes back that the store has dropped; `locate` answers with the archive's address. Every record is
    /// checked against the hash that stayed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the archive cannot be read, [`StoreError::Damaged`] when it holds something else.
    pub(crate) fn fill(
        &self,
        records: &mut [Record],
        locate: impl FnOnce() -> Result<Option<String>, StoreError>,
    ) -> Result<(), StoreError> {
        let is_dropped = |it: &Record| it.bytes.is_empty();
        let Some(first) = records.iter().find(|it| is_dropped(it)) else { return Ok(()) };
        let missing = format!("record {} has no bytes, and the store knows of no archive", first.position);
        let address = locate()?.ok_or(StoreError::Damaged(missing))?;
        let opened = self.open(&address)?;
        let mut pieces: Vec<(u64, Vec<&mut Record>)> = Vec::new();
        for record in records.iter_mut().filter(|it| is_dropped(it)) {
            let index = record.position / RECORDS;
            match pieces.last_mut().filter(|it| it.0 == index) {
                Some(piece) => piece.1.push(record),
                None => pieces.push((index, vec![record])),
            }
        }
        // No more at once than are kept.
        for pieces in pieces.chunks_mut(KEPT_MAX) {
            let indexes: Vec<u64> = pieces.iter().map(|it| it.0).collect();
            let bundles = opened.bundles(&indexes)?;
            for (piece, bundle) in pieces.iter_mut().zip(bundles) {
                piece.1.iter_mut().try_for_each(|record| put_back(record, &bundle, &address))?;
            }
        }
        Ok(())
    }

    fn open(&self, address: &str) -> Result<Arc<Opened>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = open.as_ref().filter(|it| it.place.address() == address) {
            return Ok(opened.clone());
        }
        let place = Place::open(address)
            .map_err(|error| StoreError::Unavailable(format!("the archive of old events: {error}")))?;
        Ok(open.insert(Arc::new(Opened { place, kept: Mutex::default() })).clone())
    }
}

impl Opened {
    fn bundles(&self, indexes: &[u64]) -> Result<Vec<Bundle>, StoreError> {
        let mut found: Vec<Option<Bundle>> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            indexes.iter().map(|index| kept.iter().find(|it| it.0 == *index).map(|it| it.1.clone())).collect()
        };
        let lacking: Vec<u64> =
            indexes.iter().zip(&found).filter(|it| it.1.is_none()).map(|it| *it.0).collect();
        let files = self.place.read_all(lacking.iter().map(|it| bundle::name(*it)).collect());
        let address = self.place.address();
        let files = files.map_err(|error| StoreError::Unavailable(with_causes(&error)))?;
        let mut files = lacking.iter().zip(files);
        for bundle in found.iter_mut().filter(|it| it.is_none()) {
            let (index, file) = files.next().expect("one for each that is lacking");
            let read = Arc::new(unpack(*index, file.as_deref(), address)?);
            self.keep(*index, read.clone());
            *bundle = Some(read);
        }
        Ok(found.into_iter().flatten().collect())
    }

    fn keep(&self, index: u64, bundle: Bundle) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((index, bundle));
    }
}

fn unpack(index: u64, file: Option<&[u8]>, address: &str) -> Result<Vec<Arc<[u8]>>, StoreError> {
    let damaged = |what: String| {
        let name = bundle::name(index);
        StoreError::Damaged(format!("{name} in the archive at {address} {what}"))
    };
    let file = file.ok_or_else(|| damaged("is missing".to_owned()))?;
    bundle::unpack(file).map_err(|error| damaged(format!("cannot be unpacked: {error}")))
}

fn put_back(record: &mut Record, bundle: &[Arc<[u8]>], address: &str) -> Result<(), StoreError> {
    let position = record.position;
    let bytes = &bundle[(position % RECORDS) as usize];
    if leaf_hash(bytes) != record.leaf {
        let why = format!("record {position} in the archive at {address} is not the one that was recorded");
        return Err(StoreError::Damaged(why));
    }
    record.bytes = bytes.clone();
    Ok(())
}

/// On one line, as store errors are.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |it| it.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
