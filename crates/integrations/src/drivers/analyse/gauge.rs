//! From readings to blocks.

use shipway_model::analysis::Block;
use shipway_model::{Millis, Version};

use crate::metrics::{Meter, Reading};

/// Holds the last reading of both arms.
#[derive(Default)]
pub(super) struct Gauge(Option<Last>);

struct Last {
    control: Meter,
    canary: Meter,
    at: Millis,
}

#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    /// The first reading: there is nothing yet to compare it with.
    Start,
    /// A counter fell: what came since the last reading is not known.
    Restart,
    Block(Box<Block>),
}

impl Gauge {
    /// Takes in what was read at `at`, in the time of the analysis.
    pub(super) fn take(
        &mut self,
        mut reading: Reading,
        control: &Version,
        canary: &Version,
        at: Millis,
    ) -> Seen {
        let control = reading.remove(control).unwrap_or_default();
        let canary = reading.remove(canary).unwrap_or_default();
        let Some(last) = &mut self.0 else {
            let (control, canary) = (Meter::starting_at(control), Meter::starting_at(canary));
            self.0 = Some(Last { control, canary, at });
            return Seen::Start;
        };
        let start = std::mem::replace(&mut last.at, at);
        // Both move on in any case: the arms of a block are over the same stretch of time.
        match (last.control.advance(control), last.canary.advance(canary)) {
            (Some(control), Some(canary)) => {
                let length = Millis(at.0.saturating_sub(start.0));
                Seen::Block(Box::new(Block { start, length, control, canary }))
            }
            _ => Seen::Restart,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shipway_model::analysis::Histogram;

    use super::*;
    use crate::metrics::Counters;

    fn reading(control: u64, canary: u64) -> Reading {
        let counters = |answered| Counters {
            answered,
            errors: 0,
            latency: Histogram { bounds_ms: vec![1.0], counts: vec![answered, 0] },
            instances: BTreeMap::new(),
        };
        [("1.0.0", control), ("2.0.0", canary)]
            .into_iter()
            .map(|(version, count)| (version.parse().unwrap(), counters(count)))
            .collect()
    }

    fn check(readings: &[(u64, u64, u64)], expect: &[Option<(u64, u64, u64, u64)>]) {
        let (control, canary) = ("1.0.0".parse().unwrap(), "2.0.0".parse().unwrap());
        let mut gauge = Gauge::default();
        let mut seen = readings
            .iter()
            .map(|(at, one, other)| gauge.take(reading(*one, *other), &control, &canary, Millis(*at)));
        assert_eq!(seen.next(), Some(Seen::Start));
        let blocks = seen.map(|it| match it {
            Seen::Block(it) => Some((it.start.0, it.length.0, it.control.requests, it.canary.requests)),
            Seen::Restart => None,
            Seen::Start => panic!("it starts once"),
        });
        assert_eq!(blocks.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn blocks_lie_one_behind_the_other() {
        check(&[(5, 100, 0), (15, 110, 1), (40, 110, 3)], &[Some((5, 10, 10, 1)), Some((15, 25, 0, 2))]);
    }

    #[test]
    fn a_restart_of_the_router_costs_a_block_of_both_arms() {
        check(
            &[(0, 100, 0), (10, 4, 1), (20, 6, 2), (30, 9, 1), (40, 9, 2)],
            &[None, Some((10, 10, 2, 1)), None, Some((30, 10, 0, 1))],
        );
    }
}
