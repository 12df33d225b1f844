//! Counters and histograms, as running totals at the instants at which they were pushed.
//!
//! Cumulative points count from their start; one whose start moved, or that fell, began anew at zero. Delta points are added
//! up. A point that is not newer than the last one was there before, and counts once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    number_data_point,
};
use shipway_model::resource::metric::Instrument;

use super::{Origin, Speaker, attributes};

/// Series over all origins.
const SERIES_MAX: usize = 5_000;
/// Points of one series.
const POINTS_MAX: usize = 256;
/// How long points are kept after newer ones have come.
const KEPT_NS: u64 = 20 * 60 * 1_000_000_000;
/// A series whose last point is older than this at the end of a stretch says nothing of it.
const STALE_NS: u64 = 5 * 60 * 1_000_000_000;
const BUCKETS_MAX: usize = 1_000;
/// Exponential buckets are added up into those of scale 1, whose bounds are the powers of the root of two. Those of finer
/// scales nest in them exactly.
const GRID_POWERS: std::ops::RangeInclusive<i32> = -20..=34;

/// The series of one instrument by their attributes.
type Instruments = BTreeMap<Vec<(String, String)>, Series>;

#[derive(Debug, Default)]
pub(super) struct Metrics {
    series: BTreeMap<Origin, BTreeMap<String, Instruments>>,
    n_series: usize,
}

/// An instrument, and which part of its points counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'q>(pub(crate) &'q Instrument);

/// How much something grew.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Amount {
    /// Of a counter its value, of a histogram its count.
    pub(crate) count: f64,
    /// Of a counter its value, of a histogram its sum.
    pub(crate) sum: f64,
    pub(crate) buckets: Option<Buckets>,
}

/// In the instrument's own unit; the last count is everything above.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Buckets {
    pub(crate) bounds: Arc<[f64]>,
    pub(crate) counts: Vec<u64>,
}

#[derive(Debug, Default)]
struct Series {
    points: VecDeque<Point>,
    /// As the last cumulative point had it.
    raw: Amount,
    start_ns: u64,
}

#[derive(Debug)]
struct Point {
    at_ns: u64,
    total: Amount,
}

/// One pushed point of whatever kind.
struct Pushed {
    attributes: Vec<(String, String)>,
    start_ns: u64,
    at_ns: u64,
    amount: Amount,
}

impl Metrics {
    /// Takes in all points of an instrument; answers with how many were not.
    pub(super) fn take(&mut self, origin: Option<&Origin>, metric: Metric) -> i64 {
        let (points, temporality) = match metric.data {
            Some(Data::Sum(it)) if it.is_monotonic => {
                (it.data_points.iter().map(of_number).collect::<Vec<_>>(), it.aggregation_temporality)
            }
            Some(Data::Histogram(it)) => {
                (it.data_points.iter().map(of_histogram).collect(), it.aggregation_temporality)
            }
            Some(Data::ExponentialHistogram(it)) => {
                (it.data_points.iter().map(of_exponential).collect(), it.aggregation_temporality)
            }
            Some(Data::Sum(it)) => return count(it.data_points.len()),
            Some(Data::Gauge(it)) => return count(it.data_points.len()),
            Some(Data::Summary(it)) => return count(it.data_points.len()),
            None => return 0,
        };
        let Some(origin) = origin else { return count(points.len()) };
        let is_delta = temporality == AggregationTemporality::Delta as i32;
        let taken =
            |point: Option<Pushed>| point.is_some_and(|it| self.add(origin, &metric.name, it, is_delta));
        count(points.into_iter().map(taken).filter(|it| !it).count())
    }

    fn add(&mut self, origin: &Origin, name: &str, pushed: Pushed, is_delta: bool) -> bool {
        let known =
            self.series.get(origin).and_then(|it| it.get(name)).and_then(|it| it.get(&pushed.attributes));
        if known.is_none() {
            if self.n_series >= SERIES_MAX {
                self.forget_before(pushed.at_ns.saturating_sub(KEPT_NS));
            }
            if self.n_series >= SERIES_MAX {
                return false;
            }
            self.n_series += 1;
        }
        let of_origin = self.series.entry(origin.clone()).or_default();
        let of_name = of_origin.entry(name.to_owned()).or_default();
        of_name.entry(pushed.attributes.clone()).or_default().add(pushed, is_delta);
        true
    }

    /// Lets go of series of which nothing came since.
    fn forget_before(&mut self, at_ns: u64) {
        for of_origin in self.series.values_mut() {
            for of_name in of_origin.values_mut() {
                of_name.retain(|_, it| it.points.back().is_some_and(|it| it.at_ns >= at_ns));
            }
            of_origin.retain(|_, it| !it.is_empty());
        }
        self.series.retain(|_, it| !it.is_empty());
        self.n_series = self.series.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum();
    }

    pub(super) fn growth(
        &self,
        speaker: &Speaker,
        wanted: &Wanted<'_>,
        from_ns: u64,
        to_ns: u64,
    ) -> Result<Option<Amount>, String> {
        let of_speaker = self.series.iter().filter(|(origin, _)| speaker.is(origin));
        let named = of_speaker.filter_map(|(_, it)| it.get(&wanted.0.name)).flatten();
        let mut sum: Option<Amount> = None;
        for (attributes, series) in named {
            if !admits(wanted.0, attributes) {
                continue;
            }
            let Some(grown) = series.growth(from_ns, to_ns) else { continue };
            match &mut sum {
                None => sum = Some(grown),
                Some(sum) => sum.add(grown)?,
            }
        }
        Ok(sum)
    }
}

impl Series {
    fn add(&mut self, pushed: Pushed, is_delta: bool) {
        let Pushed { start_ns, at_ns, amount, .. } = pushed;
        if self.points.back().is_some_and(|last| at_ns <= last.at_ns) {
            return;
        }
        let has_other_buckets = |it: &Amount| bounds(it) != bounds(&amount);
        if self.points.back().is_some_and(|it| has_other_buckets(&it.total)) {
            *self = Self::default();
        }
        let total = match self.points.back() {
            None => {
                // It stood at zero when it began.
                if start_ns > 0 && start_ns < at_ns {
                    self.points.push_back(Point { at_ns: start_ns, total: amount.emptied() });
                }
                amount.clone()
            }
            Some(last) => {
                let begins_anew = !is_delta && (start_ns != self.start_ns || amount.count < self.raw.count);
                let grown = if is_delta || begins_anew { amount.clone() } else { amount.less(&self.raw) };
                let mut total = last.total.clone();
                // Their bounds agree.
                let _ = total.add(grown);
                total
            }
        };
        (self.raw, self.start_ns) = (amount, start_ns);
        self.points.push_back(Point { at_ns, total });
        let oldest = at_ns.saturating_sub(KEPT_NS);
        // One older point stays: what came since then begins there.
        while self.points.len() > POINTS_MAX || self.points.get(1).is_some_and(|it| it.at_ns < oldest) {
            self.points.pop_front();
        }
    }

    /// Nothing when no point was there lately. A series that begins within the stretch counts from its first point on.
    fn growth(&self, from_ns: u64, to_ns: u64) -> Option<Amount> {
        let n_until = |at_ns: u64| self.points.partition_point(|it| it.at_ns <= at_ns);
        let now = &self.points[n_until(to_ns).checked_sub(1)?];
        if now.at_ns < to_ns.saturating_sub(STALE_NS) {
            return None;
        }
        let before =
            n_until(from_ns).checked_sub(1).map_or_else(|| self.points.front(), |it| self.points.get(it))?;
        let is_all_there_is = before.at_ns > from_ns && before.at_ns == now.at_ns;
        (!is_all_there_is).then(|| now.total.less(&before.total))
    }
}

impl Amount {
    fn add(&mut self, more: Self) -> Result<(), String> {
        self.count += more.count;
        self.sum += more.sum;
        match (&mut self.buckets, more.buckets) {
            (None, None) => {}
            (Some(sum), Some(more)) if sum.bounds == more.bounds => {
                for (sum, more) in sum.counts.iter_mut().zip(more.counts) {
                    *sum = sum.saturating_add(more);
                }
            }
            _ => return Err("its series have different buckets, which cannot be added up".to_owned()),
        }
        Ok(())
    }

    fn less(&self, before: &Self) -> Self {
        let buckets = self.buckets.as_ref().map(|now| {
            let before = before.buckets.as_ref().map_or(&[][..], |it| &it.counts);
            let less = |(idx, now): (usize, &u64)| now.saturating_sub(before.get(idx).copied().unwrap_or(0));
            Buckets { bounds: now.bounds.clone(), counts: now.counts.iter().enumerate().map(less).collect() }
        });
        Self { count: self.count - before.count, sum: self.sum - before.sum, buckets }
    }

    /// Of the same shape, with nothing counted.
    fn emptied(&self) -> Self {
        let empty = |it: &Buckets| Buckets { bounds: it.bounds.clone(), counts: vec![0; it.counts.len()] };
        Self { count: 0.0, sum: 0.0, buckets: self.buckets.as_ref().map(empty) }
    }
}

fn bounds(amount: &Amount) -> Option<&[f64]> {
    amount.buckets.as_ref().map(|it| &*it.bounds)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Whether a point has every attribute that the instrument's query wants.
fn admits(instrument: &Instrument, attributes: &[(String, String)]) -> bool {
    instrument
        .attributes
        .iter()
        .all(|(key, wanted)| attributes.iter().any(|(name, value)| name == key && fits(wanted, value)))
}

/// `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(found) = rest.find(piece) else { return false };
        rest = &rest[found + piece.len()..];
    }
    false
}

fn of_number(point: &NumberDataPoint) -> Option<Pushed> {
    let value = match point.value? {
        number_data_point::Value::AsDouble(it) => it,
        number_data_point::Value::AsInt(it) => it as f64,
    };
    let amount = Amount { count: value, sum: value, buckets: None };
    pushed(&point.attributes, (point.start_time_unix_nano, point.time_unix_nano), amount)
}

fn of_histogram(point: &HistogramDataPoint) -> Option<Pushed> {
    let is_whole = point.bucket_counts.len() == point.explicit_bounds.len() + 1;
    let rises = point.explicit_bounds.windows(2).all(|it| it[0] < it[1]);
    let is_possible = is_whole && rises && point.bucket_counts.len() <= BUCKETS_MAX;
    // A histogram may come without buckets: then it counts and sums alone.
    let buckets = match point.bucket_counts.is_empty() {
        true => None,
        false if is_possible => Some(Buckets {
            bounds: point.explicit_bounds.clone().into(),
            counts: point.bucket_counts.clone(),
        }),
        false => return None,
    };
    let amount = Amount { count: point.count as f64, sum: point.sum.unwrap_or(0.0), buckets };
    pushed(&point.attributes, (point.start_time_unix_nano, point.time_unix_nano), amount)
}

fn of_exponential(point: &ExponentialHistogramDataPoint) -> Option<Pushed> {
    // Coarser buckets than those of scale 1 do not nest in them.
    let shift = u32::try_from(point.scale.checked_sub(1)?).ok()?.min(31);
    let bounds: Vec<f64> = GRID_POWERS.map(|power| std::f64::consts::SQRT_2.powi(power)).collect();
    let mut counts = vec![0_u64; bounds.len() + 1];
    counts[0] = point.zero_count;
    if let Some(positive) = point.positive.as_ref() {
        if positive.bucket_counts.len() > BUCKETS_MAX {
            return None;
        }
        for (bucket, count) in (positive.offset..).zip(&positive.bucket_counts) {
            let upper = (bucket >> shift).checked_add(1)?;
            let place = upper.saturating_sub(*GRID_POWERS.start()).clamp(0, bounds.len() as i32) as usize;
            counts[place] = counts[place].saturating_add(*count);
        }
    }
    let buckets = Some(Buckets { bounds: bounds.into(), counts });
    let amount = Amount { count: point.count as f64, sum: point.sum.unwrap_or(0.0), buckets };
    pushed(&point.attributes, (point.start_time_unix_nano, point.time_unix_nano), amount)
}

/// Nothing of a point that is none: without a time, or with a number that counts nothing.
fn pushed(
    of: &[opentelemetry_proto::tonic::common::v1::KeyValue],
    (start_ns, at_ns): (u64, u64),
    amount: Amount,
) -> Option<Pushed> {
    let is_possible = at_ns > 0 && amount.count.is_finite() && amount.count >= 0.0 && amount.sum.is_finite();
    is_possible.then(|| Pushed { attributes: attributes(of), start_ns, at_ns, amount })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_they_read() {
        for (pattern, text, expect) in [
            ("500", "500", true),
            ("500", "5000", false),
            ("5*", "503", true),
            ("5*", "403", false),
            ("*", "", true),
            ("GET *s", "GET /orders", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn a_series_counts_growth_over_resets_repeats_and_late_points() {
        let mut series = Series::default();
        let mut push = |start_ns, at_ns, value: f64| {
            let amount = Amount { count: value, sum: value, buckets: None };
            series.add(Pushed { attributes: Vec::new(), start_ns, at_ns, amount }, false);
        };
        for (start, at, value) in
            [(1, 10, 5.0), (1, 20, 8.0), (1, 20, 99.0), (1, 15, 6.0), (25, 30, 4.0), (25, 40, 6.0)]
        {
            push(start, at, value);
        }
        let grown = |from, to| series.growth(from, to).map(|it| it.count);
        assert_eq!(grown(1, 10), Some(5.0));
        assert_eq!(grown(0, 10), Some(5.0), "it began within the stretch");
        assert_eq!(grown(10, 20), Some(3.0));
        assert_eq!(grown(20, 30), Some(4.0));
        assert_eq!(grown(10, 40), Some(9.0));
        assert_eq!(grown(12, 17), Some(0.0));
        assert_eq!(grown(40, 41 + STALE_NS), None);
    }

    #[test]
    fn what_is_kept_of_a_series_is_bounded() {
        let mut series = Series::default();
        for second in 1..10_000_u64 {
            let amount = Amount { count: 1.0, sum: 1.0, buckets: None };
            let at_ns = second * 1_000_000_000;
            series.add(Pushed { attributes: Vec::new(), start_ns: 0, at_ns, amount }, true);
        }
        assert!(series.points.len() <= POINTS_MAX);
        let end = 9_999_000_000_000;
        assert_eq!(series.growth(end - 60_000_000_000, end).map(|it| it.count), Some(60.0));
    }
}
