//! What became of a service's rollouts lately, in numbers.

use jiff::{SignedDuration, Timestamp};
use shipway_engine::Summary;
use shipway_model::event::End;

use crate::pages::moment::Clock;

/// So far back.
pub(super) const DAYS: i64 = 30;

/// Of rollouts that have ended; those that were cancelled before they began are left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) ended: usize,
    pub(super) arrived: usize,
    pub(super) taken_back: usize,
    pub(super) stopped: usize,
    /// Of 1000 that ended, so many were taken back.
    pub(super) taken_back_per_mille: usize,
    /// From the beginning to the end of those that arrived; the middle one.
    pub(super) median: Option<String>,
    /// From the registration of the build to the arrival of the rollout that brought it; the middle one.
    pub(super) lead: Option<String>,
}

impl Numbers {
    /// Nothing where none has ended. `built` says when the build that a rollout brought was registered.
    pub(super) fn of<'a>(
        summaries: impl Iterator<Item = &'a Summary>,
        built: impl Fn(&Summary) -> Option<Timestamp>,
        clock: &Clock,
    ) -> Option<Self> {
        let since = clock.now.saturating_sub(SignedDuration::from_hours(DAYS * 24)).unwrap_or(Timestamp::MIN);
        let (mut arrived, mut taken_back, mut stopped) = (0, 0, 0);
        let (mut lengths, mut leads) = (Vec::new(), Vec::new());
        for it in summaries {
            let (Some(began), Some(ended), Some(end)) = (it.started, it.ended, &it.end) else { continue };
            if ended < since {
                continue;
            }
            match end {
                End::Succeeded { .. } => {
                    arrived += 1;
                    lengths.push((ended.duration_since(began), began, ended));
                    leads.extend(built(it).map(|built| (ended.duration_since(built), built, ended)));
                }
                End::RolledBack {} => taken_back += 1,
                End::Aborted { .. } => stopped += 1,
                End::Cancelled { .. } => {}
            }
        }
        let ended = arrived + taken_back + stopped;
        (ended > 0).then(|| Self {
            ended,
            arrived,
            taken_back,
            stopped,
            taken_back_per_mille: taken_back * 1000 / ended,
            median: middle(lengths, clock),
            lead: middle(leads, clock),
        })
    }

    /// `12.5 %`.
    pub(super) fn share_taken_back(&self) -> String {
        format!("{}.{} %", self.taken_back_per_mille / 10, self.taken_back_per_mille % 10)
    }
}

/// Of stretches with their beginnings and ends, the one in the middle by length.
fn middle(mut stretches: Vec<(SignedDuration, Timestamp, Timestamp)>, clock: &Clock) -> Option<String> {
    stretches.sort();
    stretches.get(stretches.len() / 2).map(|it| clock.length(it.1, Some(it.2)))
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
            ended(70 * day, 70 * day + 10, arrived()),
            ended(71 * day, 71 * day + 30, arrived()),
            ended(72 * day, 72 * day + 20, arrived()),
            ended(73 * day, 73 * day + 5, End::RolledBack {}),
            ended(74 * day, 74 * day + 5, End::Cancelled { reason: String::new() }),
        ];
        // Each build was registered a minute before its rollout began, but for one of which nothing is known.
        let built = |it: &Summary| {
            let began = it.started.unwrap();
            (began != Timestamp::from_second(72 * day).unwrap()).then(|| began - SignedDuration::from_mins(1))
        };
        let numbers = Numbers::of(all.iter(), built, &clock).unwrap();
        assert_eq!((numbers.ended, numbers.arrived, numbers.taken_back, numbers.stopped), (4, 3, 1, 0));
        assert_eq!(
            (numbers.share_taken_back().as_str(), numbers.median.as_deref()),
            ("25.0 %", Some("20 s"))
        );
        assert_eq!(numbers.lead.as_deref(), Some("1 min 30 s"), "of 70 s and 90 s");
        let old = Numbers::of(all[..1].iter(), built, &clock);
        assert_eq!(old, None, "what is older than 30 days does not count");
    }
}
