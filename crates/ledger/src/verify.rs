//! Offline verification: does a whole sequence of records still say what its checkpoints promised?

use std::collections::VecDeque;

use shipway_model::Digest;

use crate::canonical;
use crate::checkpoint::Checkpoint;
use crate::tree::{Frontier, leaf_hash};

/// Takes a log's records one after another and stops at the first that cannot be believed.
///
/// Positions are leaf indexes: the first record is number 0. Feed all records from there, then call
/// [`Verifier::finish`]. Memory does not grow with the log.
#[derive(Debug)]
pub struct Verifier {
    frontier: Frontier,
    /// Those not yet reached, the smallest first.
    pending: VecDeque<Checkpoint>,
    checkpoints_agreed: usize,
}

/// What was found sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The number of records.
    pub size: u64,
    /// The root over all of them.
    pub root: Digest,
    /// How many checkpoints bear the root that the records have at their size.
    ///
    /// Records after the largest of them are consistent in themselves, but nobody has signed for them yet.
    pub checkpoints_agreed: usize,
}

/// What is wrong, where, and what that means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error(
        "record {expected} is missing: {found} comes next. Records have been removed or were not handed over."
    )]
    Gap { expected: u64, found: u64 },
    #[error(
        "record {found} comes again where {expected} is due. Records have been repeated or put out of order."
    )]
    Repeated { expected: u64, found: u64 },
    #[error(
        "record {position} hashes to {found}, but {stored} was stored. \
         The record or its stored hash has changed since it was sealed."
    )]
    LeafHash { position: u64, stored: Digest, found: Digest },
    #[error("record {position} is not in canonical form. It was not written by the ledger.")]
    NotCanonical { position: u64, source: canonical::Error },
    #[error(
        "the first {size} records have the root {found}, but the checkpoint at that size signs {expected}. \
         One of these records has been changed, added or removed, and its hash recomputed."
    )]
    Root { size: u64, expected: Digest, found: Digest },
    #[error(
        "a checkpoint signs for {size} records, but there are only {found}. \
         The newest records have been cut off or were not handed over."
    )]
    Truncated { size: u64, found: u64 },
    #[error(
        "checkpoints sign the different roots {root1} and {root2} at the size {size}. \
         The log's key has signed two histories; at most one of them is true."
    )]
    Fork { size: u64, root1: Digest, root2: Digest },
    #[error(
        "checkpoints of the logs `{origin1}` and `{origin2}` are mixed. One sequence of records is one log."
    )]
    Origins { origin1: String, origin2: String },
}

impl Fault {
    /// The record at which it shows, if it shows at one.
    pub fn position(&self) -> Option<u64> {
        match *self {
            Self::Gap { expected, .. } | Self::Repeated { expected, .. } => Some(expected),
            Self::LeafHash { position, .. } | Self::NotCanonical { position, .. } => Some(position),
            Self::Root { size, .. } => size.checked_sub(1),
            Self::Truncated { found, .. } => Some(found),
            Self::Fork { .. } | Self::Origins { .. } => None,
        }
    }
}

impl Verifier {
    /// Starts before record 0. The checkpoints, in any order, have passed [`Checkpoint::verify`].
    pub fn new(mut checkpoints: Vec<Checkpoint>) -> Result<Self, Fault> {
        checkpoints.sort_by_key(|it| it.size);
        for pair in checkpoints.windows(2) {
            if pair[0].origin != pair[1].origin {
                let [origin1, origin2] = [&pair[0], &pair[1]].map(|it| it.origin.to_string());
                return Err(Fault::Origins { origin1, origin2 });
            }
            if pair[0].size == pair[1].size && pair[0].root != pair[1].root {
                return Err(Fault::Fork { size: pair[0].size, root1: pair[0].root, root2: pair[1].root });
            }
        }
        let pending = checkpoints.into();
        let mut verifier = Self { frontier: Frontier::default(), pending, checkpoints_agreed: 0 };
        verifier.compare_reached_checkpoints()?;
        Ok(verifier)
    }

    /// Checks the next record: its `position`, its canonical bytes and the leaf hash that was stored with it.
    pub fn feed(&mut self, position: u64, record: &[u8], stored: Digest) -> Result<(), Fault> {
        let (expected, found) = (self.frontier.size(), position);
        if found > expected {
            return Err(Fault::Gap { expected, found });
        }
        if found < expected {
            return Err(Fault::Repeated { expected, found });
        }
        let leaf = leaf_hash(record);
        if leaf != stored {
            return Err(Fault::LeafHash { position, stored, found: leaf });
        }
        canonical::check_canonical(record).map_err(|source| Fault::NotCanonical { position, source })?;
        self.frontier.push(leaf);
        self.compare_reached_checkpoints()
    }

    /// Checks that no checkpoint promises more records than came.
    pub fn finish(self) -> Result<Report, Fault> {
        let size = self.frontier.size();
        match self.pending.front() {
            Some(beyond) => Err(Fault::Truncated { size: beyond.size, found: size }),
            None => {
                Ok(Report { size, root: self.frontier.root(), checkpoints_agreed: self.checkpoints_agreed })
            }
        }
    }

    fn compare_reached_checkpoints(&mut self) -> Result<(), Fault> {
        let size = self.frontier.size();
        while let Some(reached) = self.pending.pop_front_if(|it| it.size == size) {
            let found = self.frontier.root();
            if found != reached.root {
                return Err(Fault::Root { size, expected: reached.root, found });
            }
            self.checkpoints_agreed += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Log {
        records: Vec<Vec<u8>>,
        checkpoints: Vec<Checkpoint>,
    }

    fn log(size: usize, checkpoint_sizes: &[usize]) -> Log {
        let record = |idx| format!(r#"{{"actor":"ada","number":{idx}}}"#).into_bytes();
        let records: Vec<_> = (0..size).map(record).collect();
        let checkpoint = |size: &usize| Checkpoint {
            origin: "log.example".parse().expect("is a name"),
            size: *size as u64,
            root: root(&records[..*size]),
        };
        Log { checkpoints: checkpoint_sizes.iter().map(checkpoint).collect(), records }
    }

    fn root(records: &[Vec<u8>]) -> Digest {
        let mut frontier = Frontier::default();
        records.iter().for_each(|it| frontier.push(leaf_hash(it)));
        frontier.root()
    }

    /// Verifies records that carry the hashes of `sealed`.
    fn verify(log: &Log, sealed: &[Vec<u8>]) -> Result<Report, Fault> {
        let mut verifier = Verifier::new(log.checkpoints.clone())?;
        for (position, (record, sealed)) in (0..).zip(log.records.iter().zip(sealed)) {
            verifier.feed(position, record, leaf_hash(sealed))?;
        }
        verifier.finish()
    }

    #[test]
    fn agrees_with_every_checkpoint_that_it_passes() {
        let log = log(20, &[20, 0, 7, 13, 7]);
        let report = Report { size: 20, root: root(&log.records), checkpoints_agreed: 5 };
        assert_eq!(verify(&log, &log.records), Ok(report));
        let empty = Report { size: 0, root: crate::tree::empty_root(), checkpoints_agreed: 0 };
        assert_eq!(verify(&self::log(0, &[]), &[]), Ok(empty));
    }

    #[test]
    fn finds_any_flipped_bit() {
        let mut log = log(5, &[5]);
        let sealed = log.records.clone();
        for position in 0..5 {
            for bit in 0..sealed[position].len() * 8 {
                log.records[position][bit / 8] ^= 1 << (bit % 8);
                let found = verify(&log, &sealed).expect_err("a bit has flipped");
                assert!(
                    matches!(found, Fault::LeafHash { position: at, .. } if at == position as u64),
                    "{found}"
                );
                log.records[position].clone_from(&sealed[position]);
            }
        }
        assert!(verify(&log, &sealed).is_ok());
    }

    #[test]
    fn finds_a_rewritten_history_at_the_next_checkpoint() {
        let mut log = log(20, &[5, 10, 20]);
        log.records[6] = br#"{"actor":"eve","number":6}"#.to_vec();
        let found = verify(&log, &log.records).expect_err("record 6 is not what was signed");
        assert!(matches!(found, Fault::Root { size: 10, .. }), "{found}");
        assert_eq!(found.position(), Some(9));
    }

    #[test]
    fn finds_gaps_repetitions_and_a_cut_end() {
        let log = log(4, &[4]);
        let feed = |positions: &[u64]| {
            let mut verifier = Verifier::new(log.checkpoints.clone())?;
            for position in positions {
                let record = &log.records[*position as usize];
                verifier.feed(*position, record, leaf_hash(record))?;
            }
            verifier.finish()
        };
        assert_eq!(feed(&[0, 1, 3]), Err(Fault::Gap { expected: 2, found: 3 }));
        assert_eq!(feed(&[1]), Err(Fault::Gap { expected: 0, found: 1 }));
        assert_eq!(feed(&[0, 1, 1]), Err(Fault::Repeated { expected: 2, found: 1 }));
        assert_eq!(feed(&[0, 1, 2]), Err(Fault::Truncated { size: 4, found: 3 }));
        assert_eq!(feed(&[0, 1, 2, 3]).map(|it| it.checkpoints_agreed), Ok(1));
    }

    #[test]
    fn finds_records_that_others_have_written() {
        let mut log = log(3, &[]);
        for foreign in [r#"{"number": 1}"#, r#"{"a":1,"a":1}"#, "not JSON"] {
            log.records[1] = foreign.as_bytes().to_vec();
            let found = verify(&log, &log.records).expect_err("record 1 is foreign");
            assert!(matches!(found, Fault::NotCanonical { position: 1, .. }), "{found}");
        }
    }

    #[test]
    fn finds_checkpoints_that_contradict_each_other() {
        let mut log = log(3, &[2, 2, 3]);
        log.checkpoints[1].root = Digest::of(b"another history");
        let (root1, root2) = (log.checkpoints[0].root, log.checkpoints[1].root);
        assert_eq!(verify(&log, &log.records), Err(Fault::Fork { size: 2, root1, root2 }));
        log.checkpoints[1].origin = "other.example".parse().expect("is a name");
        assert!(matches!(verify(&log, &log.records), Err(Fault::Origins { .. })));
    }
}
