//! What became of a service's rollouts lately, in numbers.

use jiff::{SignedDuration, Timestamp};
use shipway_engine::Summary;
use shipway_model::event::End;

use crate::pages::moment::Clock;

/// So far back.
const DAYS: i64 = 90;

/// Of rollouts that have ended; those that were cancelled before they began are left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) days: i64,
    pub(super) ended: usize,
    pub(super) arrived: usize,
    pub(super) taken_back: usize,
    pub(super) stopped: usize,
    /// Of 1000 that ended, so many did not arrive.
    pub(super) failed_per_mille: usize,
    /// From the beginning to the end of those that arrived; the middle one.
    pub(super) median: Option<String>,
}

impl Numbers {
    /// Nothing where none has ended.
    pub(super) fn of<'a>(summaries: impl Iterator<Item = &'a Summary>, clock: &Clock) -> Option<Self> {
        let since = clock.now.saturating_sub(SignedDuration::from_hours(DAYS * 24)).unwrap_or(Timestamp::MIN);
        let mut numbers = Self {
            days: DAYS,
            ended: 0,
            arrived: 0,
            taken_back: 0,
            stopped: 0,
            failed_per_mille: 0,
            median: None,
        };
        let mut lengths = Vec::new();
        for it in summaries {
            let (Some(began), Some(ended), Some(end)) = (it.started, it.ended, &it.end) else { continue };
            if ended < since {
                continue;
            }
            match end {
                End::Succeeded { .. } => {
                    numbers.arrived += 1;
                    lengths.push((ended.duration_since(began), began, ended));
                }
                End::RolledBack {} => numbers.taken_back += 1,
                End::Aborted { .. } => numbers.stopped += 1,
                End::Cancelled { .. } => continue,
            }
            numbers.ended += 1;
        }
        lengths.sort();
        numbers.median = lengths.get(lengths.len() / 2).map(|it| clock.length(it.1, Some(it.2)));
        numbers.failed_per_mille = (numbers.ended - numbers.arrived) * 1000 / numbers.ended.max(1);
        (numbers.ended > 0).then_some(numbers)
    }

    /// `12.5 %`.
    pub(super) fn failed(&self) -> String {
        format!("{}.{} %", self.failed_per_mille / 10, self.failed_per_mille % 10)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use shipway_model::release::ReleaseRef;
    use shipway_model::{Digest, Millis};

    use super::*;

    fn ended(began: i64, ended: i64, end: End) -> Summary {
        let at = |second| Timestamp::from_second(second).unwrap();
        Summary {
            id: "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap(),
            release: ReleaseRef {
                id: "rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap(),
                name: "shop".parse().unwrap(),
                version: "1.0.0".parse().unwrap(),
                digest: Digest::of(b"shop"),
            },
            environment: "production".parse().unwrap(),
            requested_by: "ada".to_owned(),
            queued: at(began),
            started: Some(at(began)),
            ended: Some(at(ended)),
            end: Some(end),
            busy: Millis(0),
            fallback: None,
        }
    }

    #[test]
    fn rollouts_that_ended_lately_are_counted_by_what_became_of_them() {
        let day = 24 * 60 * 60;
        let clock = Clock { zone: TimeZone::UTC, now: Timestamp::from_second(100 * day).unwrap() };
        let arrived = || End::Succeeded { failed_targets: 0 };
        let all = [
            ended(day, day + 10, arrived()),
            ended(50 * day, 50 * day + 10, arrived()),
            ended(51 * day, 51 * day + 30, arrived()),
            ended(52 * day, 52 * day + 20, arrived()),
            ended(53 * day, 53 * day + 5, End::RolledBack {}),
            ended(54 * day, 54 * day + 5, End::Cancelled { reason: String::new() }),
        ];
        let numbers = Numbers::of(all.iter(), &clock).unwrap();
        assert_eq!((numbers.ended, numbers.arrived, numbers.taken_back, numbers.stopped), (4, 3, 1, 0));
        assert_eq!((numbers.failed().as_str(), numbers.median.as_deref()), ("25.0 %", Some("20 s")));
        assert_eq!(Numbers::of(all[..1].iter(), &clock), None, "what is older than 90 days does not count");
    }
}
