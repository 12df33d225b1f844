//! Log records, as the lines that the comparison of logs reads.

use std::collections::{BTreeMap, VecDeque};

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::json;

use super::{Origin, Speaker, plain};

/// Lines of one origin; the oldest go first.
const LINES_MAX: usize = 20_000;
const ORIGINS_MAX: usize = 256;
/// A longer line is cut off.
const LINE_BYTES_MAX: usize = 2_000;

#[derive(Debug, Default)]
pub(super) struct Logs(BTreeMap<Origin, Lines>);

#[derive(Debug, Default)]
struct Lines {
    /// Number of the first that is kept.
    first: u64,
    kept: VecDeque<String>,
}

impl Logs {
    /// Whether it was kept.
    pub(super) fn take(&mut self, origin: Option<&Origin>, record: LogRecord) -> bool {
        let Some(origin) = origin else { return false };
        if !self.0.contains_key(origin) && self.0.len() >= ORIGINS_MAX {
            return false;
        }
        let lines = self.0.entry(origin.clone()).or_default();
        lines.kept.push_back(line(&record));
        if lines.kept.len() > LINES_MAX {
            lines.kept.pop_front();
            lines.first += 1;
        }
        true
    }

    /// Of several origins that are the same version, as of one and the same in two environments, the first.
    pub(super) fn lines(&self, speaker: &Speaker, from: u64) -> (Vec<String>, u64) {
        let Some(lines) = self.0.iter().find(|(origin, _)| speaker.is(origin)).map(|it| it.1) else {
            return (Vec::new(), from);
        };
        let next = lines.first + lines.kept.len() as u64;
        let skipped = usize::try_from(from.saturating_sub(lines.first)).unwrap_or(usize::MAX);
        (lines.kept.iter().skip(skipped).cloned().collect(), next)
    }
}

/// A JSON object of level and message, which is what the comparison looks at.
fn line(record: &LogRecord) -> String {
    let mut message = record.body.as_ref().map_or_else(String::new, text);
    if message.len() > LINE_BYTES_MAX {
        message.truncate(message.floor_char_boundary(LINE_BYTES_MAX));
    }
    let level = match record.severity_number {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => record.severity_text.as_str(),
    };
    json!({ "level": level, "message": message }).to_string()
}

fn text(body: &AnyValue) -> String {
    match &body.value {
        Some(Value::KvlistValue(pairs)) => {
            let pair = |key: &str, value: String| format!("{key}={value}");
            let pairs =
                pairs.values.iter().map(|it| pair(&it.key, it.value.as_ref().map_or_else(String::new, text)));
            pairs.collect::<Vec<_>>().join(" ")
        }
        Some(Value::ArrayValue(all)) => all.values.iter().map(text).collect::<Vec<_>>().join(" "),
        _ => plain(body).unwrap_or_default(),
    }
}
