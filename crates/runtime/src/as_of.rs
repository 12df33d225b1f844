//! The state as it was known at an earlier instant: the ledger folded up to there.
//!
//! A fold begins at the nearest earlier one that is still kept, and every record is checked against its hash on the
//! way. Folds are made one at a time: a crowd that asks for the past must not take the processors from the present.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard};

use jiff::Timestamp;
use serde::Deserialize;
use shipway_engine::State;
use shipway_ledger::Frontier;
use shipway_model::{Digest, Name};
use tokio::sync::Semaphore;

use crate::open::OpenError;
use crate::replay::replay;
use crate::store::{StoreError, StoreReader};

/// Folds that are kept for the next question. Each is a whole state in memory.
const KEPT_MAX: usize = 4;

/// What was known at an instant. Cheap to clone.
#[derive(Clone)]
pub struct Past {
    at: Timestamp,
    fold: Arc<Fold>,
}

/// Why the past cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    #[error("{at} is not over yet: by the control plane's clock it is {now}")]
    Future { at: Timestamp, now: Timestamp },
    #[error(transparent)]
    Ledger(#[from] OpenError),
}

/// A state that can be read: what is committed now, or what was known then.
pub enum StateRef<'a> {
    Now(RwLockReadGuard<'a, State>),
    Then(&'a State),
}

struct Fold {
    state: State,
    frontier: Frontier,
}

/// The latest folds, and the turn to make another.
pub(crate) struct Folds {
    kept: Mutex<Kept>,
    turn: Arc<Semaphore>,
}

#[derive(Default)]
struct Kept {
    folds: VecDeque<Arc<Fold>>,
    /// Grows whenever all folds are forgotten; a fold that was begun before that is not kept.
    generation: u64,
}

impl Past {
    /// The instant that was asked for.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How many events there were.
    pub fn size(&self) -> u64 {
        self.fold.frontier.size()
    }

    /// The root over them.
    pub fn root(&self) -> Digest {
        self.fold.frontier.root()
    }

    pub fn state(&self) -> StateRef<'_> {
        StateRef::Then(&self.fold.state)
    }
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("at", &self.at).field("size", &self.size()).finish_non_exhaustive()
    }
}

impl Deref for StateRef<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        match self {
            Self::Now(state) => state,
            Self::Then(state) => state,
        }
    }
}

impl Folds {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Held while a fold is made.
    pub(crate) fn turn(&self) -> Arc<Semaphore> {
        self.turn.clone()
    }

    /// What the first `size_max` records, or as many of them as were written by `at`, add up to. Blocks.
    pub(crate) fn fold(
        &self,
        reader: &Arc<dyn StoreReader>,
        tenant: &Name,
        at: Timestamp,
        size_max: u64,
    ) -> Result<Past, OpenError> {
        let size = size_at(reader.as_ref(), at, size_max)?;
        let (base, generation) = self.nearest(size);
        if let Some(fold) = base.as_ref().filter(|it| it.frontier.size() == size) {
            return Ok(Past { at, fold: fold.clone() });
        }
        let (mut state, frontier) = match &base {
            Some(base) => (base.state.clone(), base.frontier.clone()),
            None => (State::default(), Frontier::default()),
        };
        let frontier = replay(reader, frontier, size, tenant, |events| {
            events.iter().for_each(|event| state.apply(event));
        })?;
        let fold = Arc::new(Fold { state, frontier });
        self.keep(fold.clone(), generation);
        Ok(Past { at, fold })
    }

    /// Forgets all: something in them must not be shown any more.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept();
        kept.folds.clear();
        kept.generation += 1;
    }

    fn nearest(&self, size: u64) -> (Option<Arc<Fold>>, u64) {
        let kept = self.kept();
        let earlier = kept.folds.iter().filter(|it| it.frontier.size() <= size);
        (earlier.max_by_key(|it| it.frontier.size()).cloned(), kept.generation)
    }

    fn keep(&self, fold: Arc<Fold>, generation: u64) {
        let mut kept = self.kept();
        if kept.generation != generation {
            return;
        }
        if kept.folds.len() == KEPT_MAX {
            kept.folds.pop_front();
        }
        kept.folds.push_back(fold);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of the first `size` records were written at `at` or before. Time in the ledger never runs backwards, so
/// halving finds it with about log2(size) reads.
fn size_at(reader: &dyn StoreReader, at: Timestamp, size: u64) -> Result<u64, StoreError> {
    let (mut begin, mut end) = (0, size);
    while begin < end {
        let middle = begin + (end - begin) / 2;
        if time_of(reader, middle)? <= at { begin = middle + 1 } else { end = middle }
    }
    Ok(begin)
}

fn time_of(reader: &dyn StoreReader, position: u64) -> Result<Timestamp, StoreError> {
    #[derive(Deserialize)]
    struct Written {
        at: Timestamp,
    }
    let damaged = |why: String| StoreError::Damaged(format!("record {position} {why}"));
    let records = reader.read(position, 1)?;
    let record = records.first().ok_or_else(|| damaged("is missing".to_owned()))?;
    let written = serde_json::from_slice::<Written>(&record.bytes);
    written.map(|it| it.at).map_err(|error| damaged(format!("has no time: {error}")))
}
