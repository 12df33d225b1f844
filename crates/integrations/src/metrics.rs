//! Metric sources: where the numbers of a service come from. One file per kind, and one entry in [`ALL`].
//!
//! A source gives cumulative counters; a [`Meter`] makes of two readings what happened in between.

pub(crate) mod router;

use std::collections::BTreeMap;

use shipway_model::Version;
use shipway_model::analysis::{Arm, Histogram};

pub use crate::spec::Spec;

/// Every kind of metric source.
pub const ALL: &[Spec] = &[router::SPEC];

/// What the versions of one service have done since their counters began. A version that is missing has not been
/// asked anything.
pub(crate) type Reading = BTreeMap<Version, Counters>;

/// What one version has done since its counters began.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counters {
    /// Requests that got an answer, of whatever status.
    pub(crate) answered: u64,
    /// Requests answered with 500 or above, broken off, or not answered.
    pub(crate) errors: u64,
    /// All requests but those that their client gave up.
    pub(crate) latency: Histogram,
}

/// Remembers the last reading of one version.
#[derive(Debug)]
pub(crate) struct Meter {
    last: Counters,
}

impl Meter {
    pub(crate) fn starting_at(counters: Counters) -> Self {
        Self { last: counters }
    }

    /// What happened since the last reading; nothing when a counter fell, because then its source has begun anew and
    /// what came in between is not known.
    ///
    /// Sources are not read in one instant, so an error may be seen before its request is. Such an error is kept for
    /// the next stretch: an arm never has more errors than requests.
    pub(crate) fn advance(&mut self, now: Counters) -> Option<Arm> {
        let before = std::mem::replace(&mut self.last, now);
        let now = &mut self.last;
        let latency = growth(&before.latency, &now.latency)?;
        let errors_seen = now.errors.checked_sub(before.errors)?;
        now.answered.checked_sub(before.answered)?;
        let requests = latency.counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let errors = errors_seen.min(requests);
        now.errors -= errors_seen - errors;
        Some(Arm { requests, errors, latency })
    }
}

/// Bucket by bucket; nothing when one fell, or when the buckets are others.
fn growth(before: &Histogram, now: &Histogram) -> Option<Histogram> {
    if before.is_empty() {
        return Some(now.clone());
    }
    if before.bounds_ms != now.bounds_ms || before.counts.len() != now.counts.len() {
        return None;
    }
    let grown = now.counts.iter().zip(&before.counts).map(|(now, before)| now.checked_sub(*before));
    Some(Histogram { bounds_ms: now.bounds_ms.clone(), counts: grown.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(errors: u64, counts: [u64; 3]) -> Counters {
        let latency = Histogram { bounds_ms: vec![1.0, 10.0], counts: counts.to_vec() };
        Counters { answered: counts.iter().sum(), errors, latency }
    }

    /// Requests, errors and counts after each reading.
    fn check(readings: &[Counters], expect: &[Option<(u64, u64, &[u64])>]) {
        let mut meter = Meter::starting_at(readings[0].clone());
        let seen: Vec<_> = readings[1..].iter().map(|it| meter.advance(it.clone())).collect();
        let seen: Vec<_> = seen
            .iter()
            .map(|it| it.as_ref().map(|arm| (arm.requests, arm.errors, arm.latency.counts.as_slice())))
            .collect();
        assert_eq!(seen, expect);
    }

    #[test]
    fn stretches_are_differences() {
        let readings = [counters(1, [5, 1, 0]), counters(3, [9, 1, 2]), counters(3, [9, 1, 2])];
        check(&readings, &[Some((6, 2, &[4, 0, 2])), Some((0, 0, &[0, 0, 0]))]);
        check(&[Counters::default(), counters(1, [2, 0, 1])], &[Some((3, 1, &[2, 0, 1]))]);
        check(&[Counters::default(), Counters::default()], &[Some((0, 0, &[]))]);
    }

    #[test]
    fn a_fallen_counter_starts_anew() {
        let readings = [counters(5, [50, 1, 0]), counters(0, [2, 0, 0]), counters(1, [4, 0, 0])];
        check(&readings, &[None, Some((2, 1, &[2, 0, 0]))]);
        let forgotten = [counters(5, [50, 1, 0]), Counters::default(), counters(1, [4, 0, 0])];
        check(&forgotten, &[None, Some((4, 1, &[4, 0, 0]))]);
        let mut other_bounds = counters(0, [9, 9, 9]);
        other_bounds.latency.bounds_ms[0] = 2.0;
        check(&[counters(0, [1, 1, 1]), other_bounds], &[None]);
    }

    #[test]
    fn an_early_error_waits_for_its_request() {
        let readings =
            [counters(0, [0, 0, 0]), counters(2, [1, 0, 0]), counters(2, [1, 0, 0]), counters(2, [3, 0, 0])];
        check(&readings, &[Some((1, 1, &[1, 0, 0])), Some((0, 0, &[0, 0, 0])), Some((2, 1, &[2, 0, 0]))]);
    }
}
