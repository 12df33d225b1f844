//! Counters per environment, service and version, cheap to count and rendered as Prometheus text.
//!
//! A version's counters live as long as the process: they survive weight changes and the removal of the
//! version, so that they only ever grow. Those of a backend are told beside them for as long as it is in use; what it
//! has counted stays part of its version. Each worker counts in its own shard.

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
    /// Of backends that are gone.
    departed: Mutex<Counts>,
    backends: Mutex<Vec<(Name, Arc<BackendMetrics>)>>,
}

/// What one backend has answered.
#[derive(Debug)]
pub(super) struct BackendMetrics {
    shards: Box<[Answers]>,
}

/// One worker's part, on cache lines of its own (two lines: processors fetch them in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    retries: AtomicU64,
    in_flight: AtomicI64,
}

/// One worker's part of what a backend has answered.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Answers {
    codes: [AtomicU64; CODES.len()],
    /// Answers that broke off after their status was counted on.
    broken: AtomicU64,
    /// One more than the bounds: the last counts what took longer than the last bound.
    latency: [AtomicU64; BOUNDS_MS.len() + 1],
    latency_sum_us: AtomicU64,
}

/// Answers added up.
#[derive(Debug, Clone, Default)]
struct Counts {
    codes: [u64; CODES.len()],
    broken: u64,
    latency: [u64; BOUNDS_MS.len() + 1],
    latency_sum_us: u64,
}

/// One version, or one backend of it, at one moment.
struct Line {
    labels: String,
    counts: Counts,
    in_flight: i64,
    retries: u64,
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
        let counters = || Arc::new(VersionMetrics::new(self.n_shards));
        Arc::clone(versions.entry(key).or_insert_with(counters))
    }

    /// Prometheus text exposition, version 0.0.4.
    pub(super) fn render(&self) -> String {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut of_versions, mut of_backends) = (Vec::new(), Vec::new());
        for (key, counters) in &versions {
            // A version is the sum of what is told of its backends and of those that are gone.
            let (mut counts, backends) = counters.read();
            for (target, of_backend) in backends {
                counts.add(&of_backend);
                of_backends.push(Line {
                    labels: format!("{key},target=\"{target}\""),
                    counts: of_backend,
                    in_flight: 0,
                    retries: 0,
                });
            }
            of_versions.push(Line {
                labels: key.to_string(),
                counts,
                in_flight: counters.shards.iter().map(|it| it.in_flight.load(Relaxed)).sum(),
                retries: counters.shards.iter().map(|it| it.retries.load(Relaxed)).sum(),
            });
        }
        let mut text = String::new();
        for (prefix, lines, families) in [
            ("shipway_router", &of_versions, &FAMILIES[..]),
            ("shipway_router_backend", &of_backends, &FAMILIES[..N_OF_ANSWERS]),
        ] {
            for family in families {
                let name = format!("{prefix}_{}", family.name);
                let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {}", family.help, family.kind);
                for line in lines {
                    // Writing to a string cannot fail.
                    let _ = (family.write)(&mut text, &name, line);
                }
            }
        }
        text
    }
}

impl VersionMetrics {
    fn new(n_shards: usize) -> Self {
        Self {
            shards: (0..n_shards).map(|_| Shard::default()).collect(),
            departed: Mutex::default(),
            backends: Mutex::default(),
        }
    }

    /// The counters of a backend that is new to the version. They are told for as long as somebody else holds them.
    pub(super) fn backend(&self, target: &Name) -> Arc<BackendMetrics> {
        let shards = self.shards.iter().map(|_| Answers::default()).collect();
        let metrics = Arc::new(BackendMetrics { shards });
        let mut backends = self.backends.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go(&mut backends);
        backends.push((target.clone(), Arc::clone(&metrics)));
        metrics
    }

    /// What backends that are gone have counted, and what each of the others has.
    fn read(&self) -> (Counts, Vec<(Name, Counts)>) {
        let mut backends = self.backends.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go(&mut backends);
        let departed = self.departed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut counts: Vec<(Name, Counts)> = Vec::with_capacity(backends.len());
        for (target, metrics) in backends.iter() {
            // While a target's last backend still answers, its next one may have begun.
            match counts.iter_mut().find(|(known, _)| known == target) {
                Some((_, known)) => known.add(&metrics.counts()),
                None => counts.push((target.clone(), metrics.counts())),
            }
        }
        (departed, counts)
    }

    /// Nobody can count for a backend any more that nobody else holds.
    fn let_go(&self, backends: &mut Vec<(Name, Arc<BackendMetrics>)>) {
        let mut departed = self.departed.lock().unwrap_or_else(PoisonError::into_inner);
        backends.retain(|(_, metrics)| {
            let is_held = Arc::strong_count(metrics) > 1;
            if !is_held {
                departed.add(&metrics.counts());
            }
            is_held
        });
    }

    pub(super) fn started(&self, shard: usize) {
        self.shards[shard].in_flight.fetch_add(1, Relaxed);
    }

    /// The end of a request that `started`.
    pub(super) fn ended(&self, shard: usize) {
        self.shards[shard].in_flight.fetch_sub(1, Relaxed);
    }

    pub(super) fn retried(&self, shard: usize) {
        self.shards[shard].retries.fetch_add(1, Relaxed);
    }
}

impl BackendMetrics {
    /// Counters that are part of no version.
    #[cfg(test)]
    pub(super) fn alone() -> Arc<Self> {
        Arc::new(Self { shards: Box::default() })
    }

    /// Abandoned requests have no latency: it would be the client's.
    pub(super) fn ended(&self, shard: usize, outcome: Outcome, latency: Duration) {
        let shard = &self.shards[shard];
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

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for shard in &self.shards {
            counts.add(&Counts {
                codes: std::array::from_fn(|code| shard.codes[code].load(Relaxed)),
                broken: shard.broken.load(Relaxed),
                latency: std::array::from_fn(|bucket| shard.latency[bucket].load(Relaxed)),
                latency_sum_us: shard.latency_sum_us.load(Relaxed),
            });
        }
        counts
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.codes.iter_mut().zip(&other.codes).for_each(|(sum, it)| *sum += it);
        self.latency.iter_mut().zip(&other.latency).for_each(|(sum, it)| *sum += it);
        self.broken += other.broken;
        self.latency_sum_us += other.latency_sum_us;
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
    /// Behind `shipway_router_`, and of those of answers behind `shipway_router_backend_`.
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    write: fn(&mut String, &str, &Line) -> fmt::Result,
}

/// The first families are about answers, which backends give.
const N_OF_ANSWERS: usize = 3;

const FAMILIES: [Family; 5] = [
    Family {
        name: "requests_total",
        kind: "counter",
        help: "Requests by class of status; none: no answer; abandoned: the client left first.",
        write: |text, name, Line { labels, counts, .. }| {
            for (label, count) in CODES.iter().zip(counts.codes) {
                writeln!(text, "{name}{{{labels},code=\"{label}\"}} {count}")?;
            }
            Ok(())
        },
    },
    Family {
        name: "request_errors_total",
        kind: "counter",
        help: "Requests answered with 5xx, broken off, or without an answer.",
        write: |text, name, Line { labels, counts, .. }| {
            let failed = counts.codes[CODE_5XX] + counts.codes[CODE_NONE] + counts.broken;
            writeln!(text, "{name}{{{labels}}} {failed}")
        },
    },
    Family {
        name: "request_duration_seconds",
        kind: "histogram",
        help: "From the request's head to the end of its answer; abandoned requests left out.",
        write: write_histogram,
    },
    Family {
        name: "requests_in_flight",
        kind: "gauge",
        help: "Requests and upgraded connections now open.",
        write: |text, name, it| writeln!(text, "{name}{{{}}} {}", it.labels, it.in_flight.max(0)),
    },
    Family {
        name: "retries_total",
        kind: "counter",
        help: "Attempts that failed before anything could have been acted on and were made again elsewhere.",
        write: |text, name, it| writeln!(text, "{name}{{{}}} {}", it.labels, it.retries),
    },
];

fn write_histogram(text: &mut String, name: &str, line: &Line) -> fmt::Result {
    let Line { labels, counts, .. } = line;
    let mut count = 0;
    for (bound_ms, in_bucket) in BOUNDS_MS.iter().zip(counts.latency) {
        count += in_bucket;
        writeln!(text, "{name}_bucket{{{labels},le=\"{}\"}} {count}", f64::from(*bound_ms) / 1000.0)?;
    }
    count += counts.latency[BOUNDS_MS.len()];
    let sum_s = Duration::from_micros(counts.latency_sum_us).as_secs_f64();
    writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
    writeln!(text, "{name}_sum{{{labels}}} {sum_s}")?;
    writeln!(text, "{name}_count{{{labels}}} {count}")
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
        let (left, stays) = (counters.backend(&names("a")), counters.backend(&names("b")));
        for (shard, outcome, ms) in [
            (0, Outcome::Answered(StatusCode::OK), 1),
            (1, Outcome::Answered(StatusCode::OK), 4),
            (0, Outcome::Answered(StatusCode::BAD_GATEWAY), 40_000),
            (1, Outcome::NoAnswer, 2),
            (1, Outcome::Abandoned, 2),
        ] {
            counters.started(shard);
            counters.ended(shard);
            // Half of it was counted by a backend that has left since.
            let backend = if ms < 4 { &left } else { &stays };
            backend.ended(shard, outcome, Duration::from_millis(ms));
        }
        left.broke_off(0);
        drop(left);
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
        let of_backend = |target: &str| {
            format!(r#"shipway_router_backend_request_errors_total{{{labels},target="{target}"}}"#)
        };
        assert!(
            text.contains(&format!("{} 1", of_backend("b"))) && !text.contains(&of_backend("a")),
            "{text}"
        );
        drop(stays);
        let text = metrics.render();
        assert!(text.contains(&format!("shipway_router_request_errors_total{{{labels}}} 3")), "{text}");
    }
}
