//! k6 summaries: of `--summary-export`, and as `handleSummary` gets and usually writes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shipway_model::evidence::{LatencyMs, Load, Normal};

use super::json::{self, Unique};
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "k6",
    summary: "k6 summaries, by `--summary-export` or from `handleSummary`.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    match head.has_keys(&["metrics"]) {
        true if head.has_keys(&["iterations"]) || head.has_keys(&["http_reqs"]) => Sniff::Sure,
        true if head.has_keys(&["root_group"]) => Sniff::Maybe,
        _ => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Summary {
    metrics: Unique<Metric>,
    #[serde(default)]
    root_group: Group,
    #[serde(default)]
    state: State,
}

/// `handleSummary` puts the numbers under `values`, the export beside the rest.
#[derive(Deserialize)]
struct Metric {
    values: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    thresholds: BTreeMap<String, Threshold>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Threshold {
    /// Of `handleSummary`.
    Held { ok: bool },
    /// Of the export: whether it was *crossed*.
    Crossed(bool),
}

#[derive(Deserialize, Default)]
struct Group {
    #[serde(default)]
    groups: Parts<Group>,
    #[serde(default)]
    checks: Parts<Check>,
}

/// Lists in one shape, objects by name in the other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Parts<T> {
    List(Vec<T>),
    ByName(BTreeMap<String, T>),
}

#[derive(Deserialize)]
struct Check {
    #[serde(default)]
    path: String,
    name: String,
    fails: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct State {
    test_run_duration_ms: Option<f64>,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let summary: Summary = json::read(source)?;
    let number = |metric: &str, name: &str| summary.metrics.0.get(metric)?.number(name);
    let count = |metric: &str, name: &str| number(metric, name).filter(|it| *it >= 0.0).map(|it| it as u64);
    let Some(requests) = count("http_reqs", "count").or_else(|| count("iterations", "count")) else {
        return Err(Fault::new("the summary counts neither `http_reqs` nor `iterations`"));
    };
    let rps = number("http_reqs", "rate");
    let of_rate = rps.filter(|it| *it > 0.0).map(|it| requests as f64 / it);
    let latency = |name: &str| number("http_req_duration", name);
    let load = Load {
        requests,
        // `passes` counts where the rate was true, and this rate is one of failures.
        errors: count("http_req_failed", "passes").unwrap_or_default(),
        rps,
        duration_s: summary.state.test_run_duration_ms.map(|it| it / 1000.0).or(of_rate),
        latency_ms: LatencyMs {
            mean: latency("avg"),
            min: latency("min"),
            max: latency("max"),
            p50: latency("med").or_else(|| latency("p(50)")),
            p75: latency("p(75)"),
            p90: latency("p(90)"),
            p95: latency("p(95)"),
            p99: latency("p(99)"),
        },
        concurrency: count("vus_max", "max").or_else(|| count("vus_max", "value")),
        bytes: count("data_received", "count"),
        thresholds: summary.promises(),
        ..Load::default()
    };
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("k6".to_owned()), ..Normal::default() };
    if !summary.metrics.0.contains_key("http_req_failed") {
        normal.remarks.push("the summary does not tell which requests failed".to_owned());
    }
    normal.load = Some(load);
    Ok(normal)
}

impl Metric {
    fn number(&self, name: &str) -> Option<f64> {
        self.values.as_ref().unwrap_or(&self.rest).get(name)?.as_f64().filter(|it| it.is_finite())
    }
}

impl Summary {
    /// Thresholds as `metric: expression`, checks as `check: name`.
    fn promises(&self) -> BTreeMap<String, bool> {
        let mut promises = BTreeMap::new();
        for (metric, it) in &self.metrics.0 {
            for (expression, threshold) in &it.thresholds {
                let held = match threshold {
                    Threshold::Held { ok } => *ok,
                    Threshold::Crossed(crossed) => !crossed,
                };
                promises.insert(format!("{metric}: {expression}"), held);
            }
        }
        self.root_group.collect(&mut promises);
        promises
    }
}

impl Group {
    fn collect(&self, promises: &mut BTreeMap<String, bool>) {
        for check in self.checks.all() {
            let name = if check.path.is_empty() { &check.name } else { &check.path };
            promises.insert(format!("check: {}", name.trim_start_matches(':')), check.fails == 0);
        }
        self.groups.all().for_each(|it| it.collect(promises));
    }
}

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> Parts<T> {
    fn all(&self) -> Box<dyn Iterator<Item = &T> + '_> {
        match self {
            Self::List(list) => Box::new(list.iter()),
            Self::ByName(map) => Box::new(map.values()),
        }
    }
}
