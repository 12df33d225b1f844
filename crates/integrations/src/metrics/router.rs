//! The built-in router's own counters, from its `/metrics`.
//!
//! A series that is needed and cannot be read is an error, never a zero: missing numbers must not look like health.

mod exposition;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use http::StatusCode;
use shipway_model::analysis::Histogram;
use shipway_model::effect::MetricsSource;
use shipway_model::{Name, Version};

use self::exposition::{Sample, parse_line};
use super::{Counters, InstanceCounters, Reading};
use crate::outbound::{Call, CallError, Outbound, excerpt};
use crate::spec::Spec;

pub(crate) const SPEC: Spec =
    Spec { kind: "router", summary: "Requests, errors and latency as the built-in router counts them." };

const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Some four thousand versions.
const BODY_BYTES_MAX: usize = 16 << 20;
/// The judge reads no more buckets than that.
const BUCKETS_MAX: usize = 1000;
/// Up to here a floating-point number counts exactly.
const COUNT_MAX: f64 = (1_u64 << 53) as f64;

const REQUESTS: &str = "shipway_router_requests_total";
pub(crate) const ERRORS: &str = "shipway_router_request_errors_total";
pub(crate) const BUCKETS: &str = "shipway_router_request_duration_seconds_bucket";
const BACKEND_ERRORS: &str = "shipway_router_backend_request_errors_total";
const BACKEND_BUCKETS: &str = "shipway_router_backend_request_duration_seconds_bucket";
const NEEDED: [&str; 5] = [REQUESTS, ERRORS, BUCKETS, BACKEND_ERRORS, BACKEND_BUCKETS];

/// Why there are no numbers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetricsError {
    #[error("the router's metrics cannot be read: {0}")]
    Call(#[from] CallError),
    #[error("the router answered {0} when asked for its metrics")]
    Status(StatusCode),
    #[error("the router's metrics have more than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the router's metrics make no sense: {0}")]
    Invalid(#[from] InvalidMetrics),
}

/// Why a text is not the router's metrics.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum InvalidMetrics {
    #[error("line {line} is malformed: `{text}`")]
    Line { line: usize, text: String },
    #[error("line {line} does not count something: `{text}`")]
    NotACount { line: usize, text: String },
    #[error("line {line} says again what was said before: `{text}`")]
    Repeated { line: usize, text: String },
    #[error("version {version} has no {series}")]
    Missing { version: Version, series: &'static str },
    #[error("version {version} has latency buckets that fall, or more than {BUCKETS_MAX} of them")]
    Buckets { version: Version },
}

/// What the router has counted for one service so far.
pub(crate) async fn read(outbound: &Outbound, source: &MetricsSource) -> Result<Reading, MetricsError> {
    let text = page(outbound, &source.admin).await?;
    Ok(parse(&text, &source.environment, &source.service)?)
}

/// Everything that the router tells.
pub(crate) async fn page(outbound: &Outbound, admin: &str) -> Result<String, MetricsError> {
    let url = format!("{}/metrics", admin.trim_end_matches('/'));
    let answer = outbound.call(Call::get(&url, READ_TIMEOUT, BODY_BYTES_MAX)).await?;
    if answer.status != StatusCode::OK {
        return Err(MetricsError::Status(answer.status));
    }
    if answer.is_cut {
        return Err(MetricsError::TooLarge);
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

/// Reads Prometheus text and keeps what is about this service.
pub(crate) fn parse(text: &str, environment: &Name, service: &Name) -> Result<Reading, InvalidMetrics> {
    let mut drafts: BTreeMap<Version, Draft> = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        if !NEEDED.iter().any(|it| text.starts_with(it)) {
            continue;
        }
        let sample = parse_line(text).ok_or_else(|| InvalidMetrics::Line { line, text: excerpt(text) })?;
        // The beginning of a name is not yet the name.
        if !NEEDED.contains(&sample.name)
            || sample.label("environment") != Some(environment.as_str())
            || sample.label("service") != Some(service.as_str())
        {
            continue;
        }
        let Some(version) = sample.label("version").and_then(|it| it.parse().ok()) else { continue };
        drafts.entry(version).or_default().take(&sample).map_err(|fault| fault.at(line, text))?;
    }
    drafts.into_iter().map(|(version, draft)| Ok((version.clone(), draft.finish(version)?))).collect()
}

/// What was read of one version so far.
#[derive(Default)]
struct Draft {
    by_code: BTreeMap<String, u64>,
    errors: Option<u64>,
    /// Upper bounds in microseconds; the last is everything. Cumulative.
    buckets: BTreeMap<u64, u64>,
    instances: BTreeMap<String, InstanceDraft>,
}

/// What was read of one backend so far.
#[derive(Default)]
struct InstanceDraft {
    errors: Option<u64>,
    buckets: BTreeMap<u64, u64>,
}

enum Fault {
    Malformed,
    NotACount,
    Repeated,
}

impl Fault {
    fn at(self, line: usize, text: &str) -> InvalidMetrics {
        let text = excerpt(text);
        match self {
            Self::Malformed => InvalidMetrics::Line { line, text },
            Self::NotACount => InvalidMetrics::NotACount { line, text },
            Self::Repeated => InvalidMetrics::Repeated { line, text },
        }
    }
}

impl Draft {
    fn take(&mut self, sample: &Sample<'_>) -> Result<(), Fault> {
        match sample.name {
            REQUESTS => {
                let code = sample.label("code").ok_or(Fault::Malformed)?.to_owned();
                put(self.by_code.entry(code), sample.value)
            }
            ERRORS => put_once(&mut self.errors, sample.value),
            BUCKETS => put_bucket(&mut self.buckets, sample),
            BACKEND_ERRORS => put_once(&mut self.instance(sample)?.errors, sample.value),
            _ => put_bucket(&mut self.instance(sample)?.buckets, sample),
        }
    }

    fn instance(&mut self, sample: &Sample<'_>) -> Result<&mut InstanceDraft, Fault> {
        let target = sample.label("target").ok_or(Fault::Malformed)?;
        Ok(self.instances.entry(target.to_owned()).or_default())
    }

    fn finish(self, version: Version) -> Result<Counters, InvalidMetrics> {
        let missing = |series| InvalidMetrics::Missing { version: version.clone(), series };
        let errors = self.errors.ok_or_else(|| missing(ERRORS))?;
        if self.by_code.is_empty() {
            return Err(missing(REQUESTS));
        }
        if self.buckets.keys().next_back() != Some(&u64::MAX) {
            return Err(missing(BUCKETS));
        }
        let unanswered = |code: &str| matches!(code, "none" | "abandoned");
        let answered = self.by_code.iter().filter(|(code, _)| !unanswered(code)).map(|(_, count)| count);
        let answered = answered.fold(0_u64, |sum, count| sum.saturating_add(*count));
        let invalid = || InvalidMetrics::Buckets { version: version.clone() };
        let latency = histogram(&self.buckets).ok_or_else(invalid)?;
        let mut instances = BTreeMap::new();
        for (target, draft) in self.instances {
            let errors = draft.errors.ok_or_else(|| missing(BACKEND_ERRORS))?;
            if draft.buckets.keys().next_back() != Some(&u64::MAX) {
                return Err(missing(BACKEND_BUCKETS));
            }
            let latency = histogram(&draft.buckets).ok_or_else(invalid)?;
            instances.insert(target, InstanceCounters { errors, latency });
        }
        Ok(Counters { answered, errors, latency, instances })
    }
}

fn put_once(place: &mut Option<u64>, value: f64) -> Result<(), Fault> {
    match place.replace(count(value)?) {
        Some(_) => Err(Fault::Repeated),
        None => Ok(()),
    }
}

fn put_bucket(buckets: &mut BTreeMap<u64, u64>, sample: &Sample<'_>) -> Result<(), Fault> {
    let bound = sample.label("le").and_then(bound_us).ok_or(Fault::Malformed)?;
    put(buckets.entry(bound), sample.value)
}

fn put<K: Ord>(entry: Entry<'_, K, u64>, value: f64) -> Result<(), Fault> {
    match entry {
        Entry::Vacant(entry) => {
            entry.insert(count(value)?);
            Ok(())
        }
        Entry::Occupied(_) => Err(Fault::Repeated),
    }
}

fn count(value: f64) -> Result<u64, Fault> {
    let counts = (0.0..=COUNT_MAX).contains(&value) && value.fract() == 0.0;
    if counts { Ok(value as u64) } else { Err(Fault::NotACount) }
}

/// Seconds to whole microseconds, which are exact where seconds are not; infinity is the highest.
fn bound_us(text: &str) -> Option<u64> {
    let seconds: f64 = text.parse().ok()?;
    match seconds {
        f64::INFINITY => Some(u64::MAX),
        _ if (0.0..=1e9).contains(&seconds) => Some((seconds * 1e6).round() as u64),
        _ => None,
    }
}

/// From cumulative counts to counts per bucket.
fn histogram(buckets: &BTreeMap<u64, u64>) -> Option<Histogram> {
    if buckets.len() > BUCKETS_MAX {
        return None;
    }
    let bounds = buckets.keys().take(buckets.len() - 1);
    let bounds_ms = bounds.map(|bound_us| *bound_us as f64 / 1000.0).collect();
    let before = std::iter::once(&0).chain(buckets.values());
    let counts = buckets.values().zip(before).map(|(now, before)| now.checked_sub(*before));
    Some(Histogram { bounds_ms, counts: counts.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests;
