//! Metric sources: where the numbers of a service come from. One file per kind, and one entry in [`ALL`].
//!
//! The router gives cumulative counters, of which a [`Meter`] makes what happened in between. All other sources are
//! asked ([`crate::asking`]) for what a version came to during a stretch of time.

pub(crate) mod csv;
pub(crate) mod http;
pub(crate) mod otlp;
pub(crate) mod prometheus;
pub(crate) mod router;
pub(crate) mod sql;

use std::collections::BTreeMap;

use shipway_model::Version;
use shipway_model::analysis::{Arm, Histogram, INSTANCES_MAX, Part};

pub use self::prometheus::rules::alert_rules;
pub use crate::spec::Spec;

/// Every kind of metric source.
pub const ALL: &[Spec] = &[csv::SPEC, http::SPEC, otlp::SPEC, prometheus::SPEC, router::SPEC, sql::SPEC];

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
    /// The part of each instance in use; nothing where the source does not tell them apart.
    pub(crate) instances: BTreeMap<String, InstanceCounters>,
}

/// What one instance has done since its counters began.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InstanceCounters {
    pub(crate) errors: u64,
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
        let instances = parts(&before.instances, &mut now.instances);
        let latency = growth(&before.latency, &now.latency)?;
        let errors_seen = now.errors.checked_sub(before.errors)?;
        now.answered.checked_sub(before.answered)?;
        let requests = total(&latency);
        let errors = errors_seen.min(requests);
        now.errors -= errors_seen - errors;
        Some(Arm { requests, errors, latency, instances, metrics: BTreeMap::new() })
    }
}

/// What each instance did in between. The counters of an instance that is new, or whose counters fell, began at zero.
fn parts(
    before: &BTreeMap<String, InstanceCounters>,
    now: &mut BTreeMap<String, InstanceCounters>,
) -> BTreeMap<String, Part> {
    let none = InstanceCounters::default();
    let mut parts = BTreeMap::new();
    for (name, now) in now.iter_mut() {
        let before = before.get(name).unwrap_or(&none);
        let grown = growth(&before.latency, &now.latency).zip(now.errors.checked_sub(before.errors));
        let (latency, errors_seen) = grown.unwrap_or_else(|| (now.latency.clone(), now.errors));
        let requests = total(&latency);
        let errors = errors_seen.min(requests);
        now.errors -= errors_seen - errors;
        if requests > 0 && parts.len() < INSTANCES_MAX {
            parts.insert(
                name.clone(),
                Part { requests, errors, latency_counts: latency.counts, ..Part::default() },
            );
        }
    }
    parts
}

fn total(latency: &Histogram) -> u64 {
    latency.counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count))
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
        Counters { answered: counts.iter().sum(), errors, latency, instances: BTreeMap::new() }
    }

    #[test]
    fn instances_come_go_and_begin_anew() {
        let reading = |instances: &[(&str, u64, [u64; 3])]| {
            let mut all = counters(0, [100, 0, 0]);
            all.instances = instances
                .iter()
                .map(|(name, errors, counts)| {
                    let Counters { errors, latency, .. } = counters(*errors, *counts);
                    ((*name).to_owned(), InstanceCounters { errors, latency })
                })
                .collect();
            all
        };
        let mut meter = Meter::starting_at(reading(&[("a", 1, [5, 0, 0]), ("b", 0, [9, 0, 0])]));
        let mut advance = |it| {
            let arm = meter.advance(reading(it)).unwrap();
            arm.instances.into_iter().map(|(name, it)| (name, it.requests, it.errors)).collect::<Vec<_>>()
        };
        let seen = advance(&[("a", 2, [8, 0, 0]), ("c", 1, [0, 4, 0])]);
        assert_eq!(seen, [("a".to_owned(), 3, 1), ("c".to_owned(), 4, 1)]);
        assert_eq!(
            advance(&[("a", 0, [2, 0, 0]), ("c", 3, [0, 5, 0])]),
            [("a".to_owned(), 2, 0), ("c".to_owned(), 1, 1)]
        );
        assert_eq!(advance(&[("c", 3, [0, 6, 0])]), [("c".to_owned(), 1, 1)], "the early error was kept");
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
