//! Counters per environment, service and version, cheap to count and rendered as Prometheus text.
//!
//! A version's counters live as long as the process: they survive weight changes and the removal of the
//! version, so that they only ever grow. Each worker counts in its own shard.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use shipway_model::{Name, Version};

/// Upper bounds of the latency buckets in milliseconds: 1 ms to 30 s, each about 1.7 times the one before.
const BOUNDS_MS: [u32; 20] =
    [1, 2, 3, 5, 8, 13, 22, 38, 65, 110, 190, 320, 550, 950, 1600, 2800, 4800, 8000, 15_000, 30_000];

/// What became of a request, for the `code` label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The version answered.
    Answered(StatusCode),
    /// The version gave no whole answer: it could not be reached, broke off, or took too long.
    NoAnswer,
    /// The client left before the answer; not an error.
    Abandoned,
}

const CODES: [&str; 7] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none", "abandoned"];
const CODE_5XX: usize = 4;
const CODE_NONE: usize = 5;
const CODE_ABANDONED: usize = 6;

/// All counters of the process.
#[derive(Debug)]
pub(super) struct Metrics {
    n_shards: usize,
    versions: Mutex<BTreeMap<Key, Arc<VersionMetrics>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    environment: Name,
    service: Name,
    version: Version,
}

/// The counters of one version.
#[derive(Debug)]
pub(super) struct VersionMetrics {
    shards: Box<[Shard]>,
}

/// One worker's part, on cache lines of its own (two lines: processors fetch them in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    codes: [AtomicU64; CODES.len()],
    /// Answers that broke off after their status was counted on.
    broken: AtomicU64,
    retries: AtomicU64,
    in_flight: AtomicI64,
    /// One more than the bounds: the last counts what took longer than the last bound.
    latency: [AtomicU64; BOUNDS_MS.len() + 1],
    latency_sum_us: AtomicU64,
}

impl Metrics {
    pub(super) fn new(n_shards: usize) -> Self {
        Self { n_shards, versions: Mutex::default() }
    }

    /// The counters of a version, which stay the same for as long as the process lives.
    pub(super) fn version(
        &self,
        environment: &Name,
        service: &Name,
        version: &Version,
    ) -> Arc<VersionMetrics> {
        let key =
            Key { environment: environment.clone(), service: service.clone(), version: version.clone() };
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = || {
            let shards = (0..self.n_shards).map(|_| Shard::default()).collect();
            Arc::new(VersionMetrics { shards })
        };
        Arc::clone(versions.entry(key).or_insert_with(counters))
    }

    /// Prometheus text exposition, version 0.0.4.
    pub(super) fn render(&self) -> String {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();
        for family in FAMILIES {
            let _ = writeln!(
                text,
                "# HELP {} {}\n# TYPE {} {}",
                family.name, family.help, family.name, family.kind
            );
            for (key, counters) in &versions {
                // Writing to a string cannot fail.
                let _ = (family.write)(&mut text, family.name, key, counters);
            }
        }
        text
    }
}

impl VersionMetrics {
    pub(super) fn started(&self, shard: usize) {
        self.shards[shard].in_flight.fetch_add(1, Relaxed);
    }

    pub(super) fn retried(&self, shard: usize) {
        self.shards[shard].retries.fetch_add(1, Relaxed);
    }

    /// The end of a request that `started`. Abandoned requests have no latency: it would be the client's.
    pub(super) fn ended(&self, shard: usize, outcome: Outcome, latency: Duration) {
        let shard = &self.shards[shard];
        shard.in_flight.fetch_sub(1, Relaxed);
        shard.codes[outcome.code()].fetch_add(1, Relaxed);
        if outcome != Outcome::Abandoned {
            let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            let bucket = BOUNDS_MS.partition_point(|bound| u64::from(*bound) * 1000 < latency_us);
            shard.latency[bucket].fetch_add(1, Relaxed);
            shard.latency_sum_us.fetch_add(latency_us, Relaxed);
        }
    }

    /// A request ended `Answered`, but its body broke off: an error besides its code.
    pub(super) fn broke_off(&self, shard: usize) {
        self.shards[shard].broken.fetch_add(1, Relaxed);
    }

    fn sum(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards.iter().map(|shard| counter(shard).load(Relaxed)).sum()
    }
}

impl Outcome {
    fn code(self) -> usize {
        match self {
            Self::Answered(status) => usize::from(status.as_u16() / 100).clamp(1, 5) - 1,
            Self::NoAnswer => CODE_NONE,
            Self::Abandoned => CODE_ABANDONED,
        }
    }
}

struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    write: fn(&mut String, &str, &Key, &VersionMetrics) -> fmt::Result,
}

const FAMILIES: [Family; 5] = [
    Family {
        name: "shipway_router_requests_total",
        kind: "counter",
        help: "Requests by class of status; none: no answer; abandoned: the client left first.",
        write: |text, name, key, counters| {
            for (code, label) in CODES.iter().enumerate() {
                let count = counters.sum(|shard| &shard.codes[code]);
                writeln!(text, "{name}{{{key},code=\"{label}\"}} {count}")?;
            }
            Ok(())
        },
    },
    Family {
        name: "shipway_router_request_errors_total",
        kind: "counter",
        help: "Requests answered with 5xx, broken off, or without an answer.",
        write: |text, name, key, counters| {
            let failed =
                counters.sum(|shard| &shard.codes[CODE_5XX]) + counters.sum(|shard| &shard.codes[CODE_NONE]);
            writeln!(text, "{name}{{{key}}} {}", failed + counters.sum(|shard| &shard.broken))
        },
    },
    Family {
        name: "shipway_router_request_duration_seconds",
        kind: "histogram",
        help: "From the request's head to the end of its answer; abandoned requests left out.",
        write: write_histogram,
    },
    Family {
        name: "shipway_router_requests_in_flight",
        kind: "gauge",
        help: "Requests and upgraded connections now open.",
        write: |text, name, key, counters| {
            let open: i64 = counters.shards.iter().map(|shard| shard.in_flight.load(Relaxed)).sum();
            writeln!(text, "{name}{{{key}}} {}", open.max(0))
        },
    },
    Family {
        name: "shipway_router_retries_total",
        kind: "counter",
        help: "Attempts that failed before anything could have been acted on and were made again elsewhere.",
        write: |text, name, key, counters| {
            writeln!(text, "{name}{{{key}}} {}", counters.sum(|shard| &shard.retries))
        },
    },
];

fn write_histogram(text: &mut String, name: &str, key: &Key, counters: &VersionMetrics) -> fmt::Result {
    let mut count = 0;
    for (bucket, bound_ms) in BOUNDS_MS.iter().enumerate() {
        count += counters.sum(|shard| &shard.latency[bucket]);
        writeln!(text, "{name}_bucket{{{key},le=\"{}\"}} {count}", f64::from(*bound_ms) / 1000.0)?;
    }
    count += counters.sum(|shard| &shard.latency[BOUNDS_MS.len()]);
    let sum_us = counters.sum(|shard| &shard.latency_sum_us);
    writeln!(text, "{name}_bucket{{{key},le=\"+Inf\"}} {count}")?;
    writeln!(text, "{name}_sum{{{key}}} {}", Duration::from_micros(sum_us).as_secs_f64())?;
    writeln!(text, "{name}_count{{{key}}} {count}")
}

/// The labels; names and versions need no escaping.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, service, version } = self;
        write!(f, "environment=\"{environment}\",service=\"{service}\",version=\"{version}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_codes_errors_and_a_cumulative_histogram() {
        let metrics = Metrics::new(2);
        let names = |text: &str| text.parse::<Name>().unwrap();
        let counters = metrics.version(&names("prod"), &names("web"), &"1.0.0".parse().unwrap());
        for (shard, outcome, ms) in [
            (0, Outcome::Answered(StatusCode::OK), 1),
            (1, Outcome::Answered(StatusCode::OK), 4),
            (0, Outcome::Answered(StatusCode::BAD_GATEWAY), 40_000),
            (1, Outcome::NoAnswer, 2),
            (1, Outcome::Abandoned, 2),
        ] {
            counters.started(shard);
            counters.ended(shard, outcome, Duration::from_millis(ms));
        }
        counters.broke_off(0);
        let text = metrics.render();
        let labels = r#"environment="prod",service="web",version="1.0.0""#;
        for line in [
            format!(r#"shipway_router_requests_total{{{labels},code="2xx"}} 2"#),
            format!(r#"shipway_router_requests_total{{{labels},code="5xx"}} 1"#),
            format!(r#"shipway_router_requests_total{{{labels},code="none"}} 1"#),
            format!(r#"shipway_router_requests_total{{{labels},code="abandoned"}} 1"#),
            format!("shipway_router_request_errors_total{{{labels}}} 3"),
            format!(r#"shipway_router_request_duration_seconds_bucket{{{labels},le="0.001"}} 1"#),
            format!(r#"shipway_router_request_duration_seconds_bucket{{{labels},le="0.005"}} 3"#),
            format!(r#"shipway_router_request_duration_seconds_bucket{{{labels},le="30"}} 3"#),
            format!(r#"shipway_router_request_duration_seconds_bucket{{{labels},le="+Inf"}} 4"#),
            format!("shipway_router_request_duration_seconds_sum{{{labels}}} 40.007"),
            format!("shipway_router_request_duration_seconds_count{{{labels}}} 4"),
            format!("shipway_router_requests_in_flight{{{labels}}} 0"),
        ] {
            assert!(text.lines().any(|held| held == line), "missing {line} in\n{text}");
        }
    }
}
