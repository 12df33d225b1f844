//! One line of data: what one instance of one arm did during one block.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// What one instance did from `t` on for `dt_s` seconds. Any part but `t` and `arm` may be absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Start of the block in seconds, of any epoch.
    pub t: f64,
    /// Length of the block in seconds.
    #[serde(default = "ten_seconds")]
    pub dt_s: f64,
    pub arm: Arm,
    #[serde(default)]
    pub instance: String,
    #[serde(default, deserialize_with = "optional_count", skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    #[serde(default, deserialize_with = "optional_count", skip_serializing_if = "Option::is_none")]
    pub errors: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Sample>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    Control,
    Canary,
}

/// Durations in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Latency {
    /// Counts per bucket; one count more than bounds, the last one for everything above the last bound.
    Histogram(Buckets),
    Values(Vec<f64>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buckets {
    /// Upper bounds, strictly increasing.
    pub bounds: Vec<f64>,
    #[serde(deserialize_with = "counts")]
    pub counts: Vec<u64>,
}

/// A metric by name, each kind with the parts that it needs: a proportion `n` and `x`, a count `x`, a mean `values` or
/// `n`, `sum` and `sum_sq`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Units, such as sessions.
    #[serde(default, deserialize_with = "optional_count", skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Hits among the units, or events.
    #[serde(default, deserialize_with = "optional_count", skip_serializing_if = "Option::is_none")]
    pub x: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Sum of the squares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum_sq: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
}

/// Why an observation makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidObservation {
    #[error("`{field}` is {value}, which is no number from {least} to {greatest}")]
    OutOfRange { field: &'static str, value: f64, least: f64, greatest: f64 },
    #[error("`{field}` is {value}; at most {REQUESTS_PER_BLOCK_MAX} are counted per block")]
    TooMany { field: String, value: u64 },
    #[error("`{part}` is {value}, more than the {whole} of `{of}`")]
    PartAboveWhole { part: String, value: u64, of: String, whole: u64 },
    #[error("`errors` has no `requests` beside it")]
    ErrorsWithoutRequests,
    #[error("the histogram has {counts} counts for {bounds} bounds; it takes one count more than bounds")]
    CountsDoNotFitBounds { counts: usize, bounds: usize },
    #[error("the histogram has {0} bounds; at most {BOUNDS_MAX} are read")]
    TooManyBounds(usize),
    #[error("the histogram's bounds are no increasing numbers: {bound} follows {previous}")]
    BoundsNotIncreasing { previous: f64, bound: f64 },
    #[error("the histogram's bounds differ from those that came before, or values came before it")]
    BoundsChanged,
    #[error("the name of the instance has {0} bytes; at most {NAME_BYTES_MAX} are read")]
    NameTooLong(usize),
    #[error("`{metric}` has a sum of squares of {sum_sq}, which {n} units with the sum {sum} cannot have")]
    ImpossibleSquares { metric: String, n: u64, sum: f64, sum_sq: f64 },
    #[error("`{metric}` has {n} units and {values} values")]
    ValuesMiscounted { metric: String, n: u64, values: usize },
    #[error("the block at {t} comes after the one at {previous}; blocks go forward in time")]
    BackInTime { t: f64, previous: f64 },
    #[error("the block at {t} starts before the one ahead of it ended at {end}")]
    Overlap { t: f64, end: f64 },
    #[error("this block is {dt_s} s long, its other lines {expected} s")]
    AnotherLength { dt_s: f64, expected: f64 },
    #[error("{arm:?} instance `{instance}` reports the block at {t} a second time")]
    Twice { arm: Arm, instance: String, t: f64 },
    #[error("there are more than {INSTANCES_MAX} instances")]
    TooManyInstances,
}

/// Bounds the work that one line can ask for; ten million requests a second in blocks of ten seconds.
const REQUESTS_PER_BLOCK_MAX: u64 = 100_000_000;

/// Bounds the buckets of a histogram.
const BOUNDS_MAX: usize = 1000;

/// Bounds what the roster of instances holds.
pub(super) const INSTANCES_MAX: usize = 10_000;

const NAME_BYTES_MAX: usize = 253;

/// A year of seconds, thirty thousand times over: any epoch fits, and ends of blocks stay exact to a microsecond.
const T_MAX: f64 = 1e12;

impl Observation {
    /// What can be said about a line by itself.
    pub(super) fn check(&self) -> Result<(), InvalidObservation> {
        within("t", self.t, -T_MAX, T_MAX)?;
        within("dt_s", self.dt_s, 0.001, 86_400.0)?;
        if self.instance.len() > NAME_BYTES_MAX {
            return Err(InvalidObservation::NameTooLong(self.instance.len()));
        }
        if let Some(requests) = self.requests {
            countable("requests", requests)?;
        }
        if let Some(errors) = self.errors {
            let requests = self.requests.ok_or(InvalidObservation::ErrorsWithoutRequests)?;
            part_of("errors", errors, "requests", requests)?;
        }
        if let Some(latency) = &self.latency_ms {
            let n_durations = latency.check()?;
            countable("latency_ms", n_durations)?;
            if let Some(requests) = self.requests {
                part_of("latency_ms", n_durations, "requests", requests)?;
            }
        }
        self.metrics.iter().try_for_each(|(name, sample)| sample.check(name))
    }
}

impl Latency {
    /// Checks the shape and counts the durations.
    fn check(&self) -> Result<u64, InvalidObservation> {
        let Buckets { bounds, counts } = match self {
            Self::Histogram(buckets) => buckets,
            Self::Values(values) => {
                // All are looked at before one is sought: that takes a fraction of the time.
                let are_good = values.iter().fold(true, |good, it| good & (0.0..=VALUE_MAX).contains(it));
                if !are_good {
                    values.iter().try_for_each(|&it| within("latency_ms", it, 0.0, VALUE_MAX))?;
                }
                return Ok(values.len() as u64);
            }
        };
        if bounds.len() > BOUNDS_MAX {
            return Err(InvalidObservation::TooManyBounds(bounds.len()));
        }
        if counts.len() != bounds.len() + 1 {
            let (counts, bounds) = (counts.len(), bounds.len());
            return Err(InvalidObservation::CountsDoNotFitBounds { counts, bounds });
        }
        let mut previous = f64::NEG_INFINITY;
        for &bound in bounds {
            if !bound.is_finite() || bound <= previous {
                return Err(InvalidObservation::BoundsNotIncreasing { previous, bound });
            }
            previous = bound;
        }
        Ok(counts.iter().fold(0, |sum: u64, it| sum.saturating_add(*it)))
    }
}

impl Sample {
    fn check(&self, name: &str) -> Result<(), InvalidObservation> {
        for (field, count) in [("n", self.n), ("x", self.x)] {
            countable(&format!("{field} of {name}"), count.unwrap_or(0))?;
        }
        if let (Some(n), Some(x)) = (self.n, self.x) {
            part_of(&format!("x of {name}"), x, &format!("n of {name}"), n)?;
        }
        let sum = self.sum.unwrap_or(0.0);
        within("sum", sum, -VALUE_MAX, VALUE_MAX)?;
        if let Some(sum_sq) = self.sum_sq {
            within("sum_sq", sum_sq, 0.0, VALUE_MAX * VALUE_MAX)?;
            let n = self.n.unwrap_or(0);
            // Cauchy and Schwarz, with room for what rounding does to sums.
            if sum * sum > sum_sq * n as f64 * (1.0 + 1e-6) {
                return Err(InvalidObservation::ImpossibleSquares {
                    metric: name.to_owned(),
                    n,
                    sum,
                    sum_sq,
                });
            }
        }
        let Some(values) = &self.values else { return Ok(()) };
        values.iter().try_for_each(|&it| within("values", it, -VALUE_MAX, VALUE_MAX))?;
        match self.n {
            Some(n) if n != values.len() as u64 => {
                Err(InvalidObservation::ValuesMiscounted { metric: name.to_owned(), n, values: values.len() })
            }
            _ => Ok(()),
        }
    }
}

/// Squares of greater values would leave the range in which sums of them are exact enough to mean anything.
const VALUE_MAX: f64 = 1e15;

/// Also refuses what is no number.
fn within(field: &'static str, value: f64, least: f64, greatest: f64) -> Result<(), InvalidObservation> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(InvalidObservation::OutOfRange { field, value, least, greatest })
}

fn countable(field: &str, value: u64) -> Result<(), InvalidObservation> {
    if value <= REQUESTS_PER_BLOCK_MAX {
        return Ok(());
    }
    Err(InvalidObservation::TooMany { field: field.to_owned(), value })
}

fn part_of(part: &str, value: u64, of: &str, whole: u64) -> Result<(), InvalidObservation> {
    if value <= whole {
        return Ok(());
    }
    Err(InvalidObservation::PartAboveWhole { part: part.to_owned(), value, of: of.to_owned(), whole })
}

fn ten_seconds() -> f64 {
    10.0
}

/// A whole number from zero on, also when it is written as `500.0`.
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeNumber;
        impl Visitor<'_> for WholeNumber {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number from 0 on")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Count, E> {
                Ok(Count(value))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Count, E> {
                if value >= 0.0 && value.fract() == 0.0 && value <= 1e15 {
                    Ok(Count(value as u64))
                } else {
                    Err(E::invalid_value(de::Unexpected::Float(value), &self))
                }
            }
        }
        deserializer.deserialize_any(WholeNumber)
    }
}

fn optional_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<Count>::deserialize(deserializer)?.map(|it| it.0))
}

fn counts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    Ok(Vec::<Count>::deserialize(deserializer)?.into_iter().map(|it| it.0).collect())
}
