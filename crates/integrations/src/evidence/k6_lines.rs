//! k6's JSON lines, one point of measurement each (`k6 run --out json=FILE`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use shipway_model::evidence::{Load, Normal};

use super::latencies::Latencies;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "k6-lines",
    summary: "The single points of `k6 run --out json`, one JSON object a line.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let first = head.text.lines().next().unwrap_or_default();
    let is_k6 =
        first.starts_with('{') && first.contains("\"type\":\"Metric\"") && first.contains("\"metric\":");
    let is_point =
        first.starts_with('{') && first.contains("\"type\":\"Point\"") && first.contains("\"metric\":");
    if is_k6 || is_point { Sniff::Sure } else { Sniff::No }
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    metric: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    time: Option<Timestamp>,
    value: Option<f64>,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Default)]
struct Seen {
    requests: u64,
    failed: Option<u64>,
    bad_statuses: u64,
    latencies: Latencies,
    bytes: f64,
    concurrency: f64,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// Passed and failed by the name of the check.
    checks: BTreeMap<String, bool>,
    n_points: u64,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut seen = Seen::default();
    json::read_lines(source, |line: Line| match line.kind.as_str() {
        "Point" => seen.take(&line),
        "Metric" => Ok(()),
        kind => Err(format!("`{kind}` is neither `Metric` nor `Point`")),
    })?;
    if seen.n_points == 0 {
        return Err(Fault::new("the document has no point"));
    }
    let duration_s = seen.from.zip(seen.to).map(|(from, to)| to.duration_since(from).as_secs_f64());
    let load = Load {
        requests: seen.requests,
        errors: seen.failed.unwrap_or(seen.bad_statuses),
        rps: duration_s.filter(|it| *it > 0.0).map(|it| seen.requests as f64 / it),
        duration_s,
        sample_ms: seen.latencies.sample(),
        latency_ms: seen.latencies.summary(),
        concurrency: (seen.concurrency > 0.0).then_some(seen.concurrency as u64),
        bytes: (seen.bytes > 0.0).then_some(seen.bytes as u64),
        thresholds: seen.checks.into_iter().map(|(name, held)| (format!("check: {name}"), held)).collect(),
        ..Load::default()
    };
    Ok(Normal {
        format: FORMAT.name.to_owned(),
        tool: Some("k6".to_owned()),
        created_at: seen.from.map(|it| it.to_string()),
        load: Some(load),
        ..Normal::default()
    })
}

impl Seen {
    fn take(&mut self, line: &Line) -> Result<(), String> {
        let value = line.data.value.ok_or("the point has no value")?;
        let time = line.data.time.ok_or("the point has no time")?;
        let tag = |name: &str| line.data.tags.as_ref().and_then(|it| it.get(name)).map(String::as_str);
        self.n_points += 1;
        self.from = Some(self.from.map_or(time, |it| it.min(time)));
        self.to = Some(self.to.map_or(time, |it| it.max(time)));
        match line.metric.as_str() {
            "http_reqs" => {
                self.requests += value.max(0.0) as u64;
                // 0 is k6's word for no answer at all.
                let status: u64 = tag("status").and_then(|it| it.parse().ok()).unwrap_or(200);
                self.bad_statuses += u64::from(status == 0 || status >= 400);
            }
            "http_req_failed" => *self.failed.get_or_insert_default() += u64::from(value > 0.0),
            "http_req_duration" => self.latencies.add(value)?,
            "data_received" => self.bytes += value.max(0.0),
            "vus" | "vus_max" => self.concurrency = self.concurrency.max(value),
            "checks" => {
                let held = self.checks.entry(tag("check").unwrap_or_default().to_owned()).or_insert(true);
                *held &= value > 0.0;
            }
            _ => {}
        }
        Ok(())
    }
}
