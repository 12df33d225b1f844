//! The past as control, where none runs beside the canary.
//!
//! Lines of a past period are moved in time so that it begins where today's does, and become lines of control. One past
//! period, such as the hour before the deployment, shows what the version being replaced did. Several, such as the same
//! hours of the last weeks, are a seasonal baseline: each is one instance of control, and the judge, told that the
//! baseline is seasonal, asks today to be worse than every single one of them.
//!
//! What a past period does not share with today, a drift or an incident, does not cancel out.

use crate::canary::{Arm, Buckets, Latency, Observation, Sample};

/// One past period, line by line.
#[derive(Debug, Clone)]
pub struct Past {
    name: String,
    /// Seconds from then to now.
    offset_s: f64,
    grouping: Grouping,
    /// Of a whole period, the block being added up.
    open: Option<Observation>,
}

/// What is one instance of control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// What was one then.
    Instances,
    /// The period.
    Whole,
}

/// Starts that differ by less than this, in seconds, are one: moving them has rounded.
const ROUNDING_S: f64 = 1e-6;

impl Past {
    /// `then` and `now` are the starts of the past period and of today's; `name` tells periods apart.
    pub fn new(name: &str, then: f64, now: f64, grouping: Grouping) -> Self {
        Self { name: name.to_owned(), offset_s: now - then, grouping, open: None }
    }

    /// When a line of then is now.
    pub fn moved(&self, t: f64) -> f64 {
        t + self.offset_s
    }

    /// Takes in a line of then, whatever arm it was of, and gives one of control now: this one, or that of a block which
    /// is complete. `near` is a start of today's that its own snaps to.
    pub fn take(&mut self, mut line: Observation, near: f64) -> Option<Observation> {
        line.t = self.moved(line.t);
        if (line.t - near).abs() < ROUNDING_S {
            line.t = near;
        }
        line.arm = Arm::Control;
        if self.grouping == Grouping::Instances {
            line.instance = format!("{} {}", self.name, line.instance);
            return Some(line);
        }
        self.name.clone_into(&mut line.instance);
        match &mut self.open {
            Some(open) if (open.t - line.t).abs() < ROUNDING_S => {
                add(open, line);
                None
            }
            _ => self.open.replace(line),
        }
    }

    /// The last block of a whole period.
    pub fn finish(&mut self) -> Option<Observation> {
        self.open.take()
    }
}

/// Adds up what two instances told of one block.
fn add(sum: &mut Observation, line: Observation) {
    sum.requests = plus(sum.requests, line.requests);
    sum.errors = plus(sum.errors, line.errors);
    sum.latency_ms = match (sum.latency_ms.take(), line.latency_ms) {
        (Some(Latency::Histogram(one)), Some(Latency::Histogram(other))) if one.bounds == other.bounds => {
            let counts = one.counts.iter().zip(&other.counts).map(|(one, other)| one.saturating_add(*other));
            Some(Latency::Histogram(Buckets { counts: counts.collect(), bounds: one.bounds }))
        }
        (Some(Latency::Values(mut one)), Some(Latency::Values(other))) => {
            one.extend(other);
            Some(Latency::Values(one))
        }
        // Of two shapes the first: nothing is compared that cannot be added up.
        (one, other) => one.or(other),
    };
    for (name, sample) in line.metrics {
        let entry = sum.metrics.entry(name).or_default();
        *entry = added(std::mem::take(entry), sample);
    }
}

fn added(one: Sample, other: Sample) -> Sample {
    let sum = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    };
    Sample {
        n: plus(one.n, other.n),
        x: plus(one.x, other.x),
        sum: sum(one.sum, other.sum),
        sum_sq: sum(one.sum_sq, other.sum_sq),
        values: match (one.values, other.values) {
            (Some(mut one), Some(other)) => {
                one.extend(other);
                Some(one)
            }
            (one, other) => one.or(other),
        },
    }
}

fn plus(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(t: f64, instance: &str, requests: u64) -> Observation {
        let text = format!(
            r#"{{"t":{t},"arm":"canary","instance":"{instance}","requests":{requests},"errors":1,
                "latency_ms":{{"bounds":[10],"counts":[1,2]}},"metrics":{{"sold":{{"n":5,"x":1}}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn lines_move_and_keep_their_instances() {
        let mut past = Past::new("before", 1000.1, 7000.1, Grouping::Instances);
        let moved = past.take(line(1010.1, "a", 5), 7010.1).unwrap();
        assert_eq!((moved.t, moved.arm, moved.instance.as_str()), (7010.1, Arm::Control, "before a"));
        assert_eq!(past.finish(), None);
    }

    #[test]
    fn a_whole_period_is_one_instance() {
        let mut past = Past::new("monday", 0.0, 100.0, Grouping::Whole);
        assert_eq!(past.take(line(0.0, "a", 5), 100.0), None);
        assert_eq!(past.take(line(0.0, "b", 7), 100.0), None);
        let sum = past.take(line(10.0, "a", 1), 110.0).unwrap();
        let told = (sum.t, sum.instance.as_str(), sum.requests, sum.errors);
        assert_eq!(told, (100.0, "monday", Some(12), Some(2)));
        let Some(Latency::Histogram(it)) = &sum.latency_ms else { panic!("a histogram") };
        assert_eq!(it.counts, [2, 4]);
        assert_eq!((sum.metrics["sold"].n, sum.metrics["sold"].x), (Some(10), Some(2)));
        assert_eq!(past.finish().unwrap().t, 110.0);
    }
}
