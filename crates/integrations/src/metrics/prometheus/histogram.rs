//! Histograms, classic and native, as counts per bucket of durations.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::analysis::Histogram;

use super::series::{Native, Series, within};
use crate::asking::{Question, whole};

/// Classic buckets of one histogram.
const BUCKETS_MAX: usize = 1000;
/// Native buckets are added up into those of schema 1, whose bounds are the powers of the root of two. Those of finer
/// schemas nest in them exactly, whatever schema each instance has come to.
const GRID_STEP: f64 = std::f64::consts::SQRT_2;
/// From about a millisecond to 64 seconds, when the unit is a second.
const GRID_POWERS_S: std::ops::RangeInclusive<i32> = -20..=12;
/// From a millisecond to 65 seconds, when the unit is a millisecond.
const GRID_POWERS_MS: std::ops::RangeInclusive<i32> = 0..=32;

/// What came during the stretch; nothing when no series tells.
pub(super) fn increase(
    series: &[Series],
    question: &Question,
    in_ms: bool,
) -> Result<Option<Histogram>, String> {
    if series.iter().any(|it| !it.histograms.is_empty()) {
        return native(series, question, in_ms);
    }
    classic(series, question, in_ms)
}

fn classic(series: &[Series], question: &Question, in_ms: bool) -> Result<Option<Histogram>, String> {
    let factor = if in_ms { 1.0 } else { 1000.0 };
    // Microseconds of the unit's thousandth are exact where its fractions are not; infinity is the highest.
    let mut cumulative: BTreeMap<u64, f64> = BTreeMap::new();
    let mut bounds_of: BTreeMap<Vec<(&str, &str)>, BTreeSet<u64>> = BTreeMap::new();
    for it in series {
        let Some(bound) = it.labels.get("le").and_then(|it| it.parse::<f64>().ok()) else { continue };
        let bound = if bound.is_finite() { (bound * factor * 1000.0).round() as u64 } else { u64::MAX };
        let Some(grown) = it.increase(question) else { continue };
        *cumulative.entry(bound).or_default() += grown;
        let others = it.labels.iter().filter(|(label, _)| *label != "le");
        bounds_of
            .entry(others.map(|(label, value)| (label.as_str(), value.as_str())).collect())
            .or_default()
            .insert(bound);
    }
    let Some(bounds) = bounds_of.values().next() else { return Ok(None) };
    if bounds_of.values().any(|other| other != bounds) {
        return Err("its series have different buckets, which cannot be added up".to_owned());
    }
    if bounds.len() > BUCKETS_MAX || bounds.last() != Some(&u64::MAX) {
        return Err(format!("it has {} buckets, or none for everything", bounds.len()));
    }
    let mut counts = Vec::with_capacity(bounds.len());
    let mut below = 0.0_f64;
    for count in cumulative.values() {
        // Buckets are scraped one after the other, so one may be ahead of the next.
        counts.push(whole((count - below).max(0.0)).map_err(|it| it.to_string())?);
        below = below.max(*count);
    }
    let finite = bounds.iter().take(bounds.len() - 1);
    Ok(Some(Histogram { bounds_ms: finite.map(|it| *it as f64 / 1000.0).collect(), counts }))
}

fn native(series: &[Series], question: &Question, in_ms: bool) -> Result<Option<Histogram>, String> {
    let (powers, factor) = if in_ms { (GRID_POWERS_MS, 1.0) } else { (GRID_POWERS_S, 1000.0) };
    let bounds: Vec<f64> = powers.map(|power| GRID_STEP.powi(power)).collect();
    let mut total: Option<Vec<f64>> = None;
    for it in series {
        let samples = it.histograms.iter().map(|(at, native)| (*at, native.clone()));
        for (before, now) in within(samples, question) {
            let (fell, before, now) = (
                count(&now.count)? < count(&before.count)?,
                on_grid(&before, &bounds)?,
                on_grid(&now, &bounds)?,
            );
            let total = total.get_or_insert_with(|| vec![0.0; bounds.len() + 1]);
            for (bucket, sum) in total.iter_mut().enumerate() {
                *sum += if fell { now[bucket] } else { (now[bucket] - before[bucket]).max(0.0) };
            }
        }
    }
    let Some(total) = total else { return Ok(None) };
    let counts = total.into_iter().map(whole).collect::<Result<_, _>>().map_err(|it| it.to_string())?;
    Ok(Some(Histogram { bounds_ms: bounds.iter().map(|it| it * factor).collect(), counts }))
}

/// Counts per bucket of the grid.
fn on_grid(native: &Native, bounds: &[f64]) -> Result<Vec<f64>, String> {
    /// Powers of roots are not exact.
    const TOLERANCE: f64 = 1e-6;
    let mut counts = vec![0.0; bounds.len() + 1];
    for (_, low, high, count) in &native.buckets {
        let (low, high) = (self::count(low)?, self::count(high)?);
        let place = bounds.partition_point(|bound| *bound * (1.0 + TOLERANCE) < high);
        let is_nested = place == 0 || place == bounds.len() || low * (1.0 + TOLERANCE) >= bounds[place - 1];
        if !is_nested {
            return Err(format!("its bucket from {low} to {high} is coarser than schema 1"));
        }
        counts[place] += self::count(count)?;
    }
    Ok(counts)
}

fn count(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::series::tests::question;
    use super::*;

    fn series(of: Value) -> Vec<Series> {
        serde_json::from_value(of).unwrap()
    }

    fn bucket(le: &str, instance: &str, before: u64, now: u64) -> Value {
        json!({
            "metric": {"le": le, "instance": instance},
            "values": [[99, before.to_string()], [105, now.to_string()]],
        })
    }

    #[test]
    fn classic_buckets_are_added_up_over_instances() {
        let found = series(json!([
            bucket("0.1", "a", 10, 14),
            bucket("0.25", "a", 20, 30),
            bucket("+Inf", "a", 20, 31),
            bucket("0.1", "b", 5, 2),
            bucket("0.25", "b", 5, 3),
            bucket("+Inf", "b", 5, 3),
        ]));
        let expect = Histogram { bounds_ms: vec![100.0, 250.0], counts: vec![6, 7, 1] };
        assert_eq!(increase(&found, &question(), false), Ok(Some(expect)));
        assert_eq!(increase(&[], &question(), false), Ok(None));
        let differing =
            series(json!([bucket("0.1", "a", 1, 2), bucket("+Inf", "a", 1, 2), bucket("+Inf", "b", 1, 2)]));
        assert!(increase(&differing, &question(), false).unwrap_err().contains("different buckets"));
    }

    /// Buckets with their counts, by their upper ends as powers of two.
    fn native_at(at: u64, counts: &[(f64, u64)], per_power: f64) -> Value {
        let buckets = counts.iter().map(|(power, count)| {
            let (low, high) = ((power - 1.0 / per_power).exp2(), power.exp2());
            json!([0, low.to_string(), high.to_string(), count.to_string()])
        });
        let total: u64 = counts.iter().map(|it| it.1).sum();
        json!([at, {"count": total.to_string(), "sum": "1", "buckets": buckets.collect::<Vec<_>>()}])
    }

    fn of_native(samples: &[Value]) -> Result<Option<Histogram>, String> {
        let found = series(json!([{"metric": {}, "histograms": samples}]));
        increase(&found, &question(), false)
    }

    #[test]
    fn native_buckets_of_any_finer_schema_nest_in_the_grid() {
        // Schema 3 at first, then schema 2: a bucket of one is two of the other.
        let before = native_at(99, &[(-3.125, 2), (-3.0, 3)], 8.0);
        let now = native_at(105, &[(-3.0, 9), (0.0, 4)], 4.0);
        let found = of_native(&[before, now]).unwrap().unwrap();
        let seen: Vec<_> = found
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(at, count)| (found.bounds_ms[at], *count))
            .collect();
        assert!((seen[0].0 - 125.0).abs() < 1e-6 && (seen[1].0 - 1000.0).abs() < 1e-6, "{seen:?}");
        assert_eq!((seen[0].1, seen[1].1, seen.len()), (4, 4, 2));
    }

    #[test]
    fn a_native_histogram_that_began_anew_counts_from_zero() {
        let found = of_native(&[native_at(99, &[(0.0, 50)], 1.0 * 2.0), native_at(105, &[(0.0, 7)], 2.0)]);
        assert_eq!(found.unwrap().unwrap().counts.iter().sum::<u64>(), 7);
    }

    #[test]
    fn coarser_buckets_are_refused() {
        let coarse = [native_at(99, &[(0.0, 5)], 1.0), native_at(105, &[(0.0, 7)], 1.0)];
        assert!(of_native(&coarse).unwrap_err().contains("coarser"));
    }
}
