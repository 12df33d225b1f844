//! Log records, as the lines that the comparison of logs reads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::{Map, json};

use super::{Origin, Speaker, hex, plain};

/// Lines of one origin; the oldest go first.
const LINES_MAX: usize = 20_000;
const ORIGINS_MAX: usize = 256;
/// A longer line is cut off.
const LINE_BYTES_MAX: usize = 2_000;
/// Attributes of a record that are looked at.
const ATTRIBUTES_MAX: usize = 32;
/// An agent says by it how many bytes of output it has passed over; such a record is no line.
const DROPPED: &str = "shipway.dropped_bytes";
/// What agents say of a line: that it is one, as a process wrote it, and not a record with fields of its own.
const WRITTEN: [&str; 2] = ["log.iostream", "log.file.name"];

#[derive(Debug, Default)]
pub(super) struct Logs(BTreeMap<Origin, Lines>);

#[derive(Debug, Default)]
struct Lines {
    /// Number of the first that is kept.
    first: u64,
    kept: VecDeque<Arc<Line>>,
    /// Bytes that whoever sends says it has not sent.
    dropped_bytes: u64,
}

/// A line of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// When it was written, or else when it came, in nanoseconds since 1970.
    pub(crate) at_ns: u64,
    /// As it was written, or a JSON object of level, message and attributes.
    pub(crate) text: String,
    /// The id of the trace in which it was written, in hexadecimal digits.
    pub(crate) trace: Option<String>,
    /// The instance that wrote it.
    pub(crate) instance: Option<Arc<str>>,
}

impl Logs {
    /// Whether it was kept.
    pub(super) fn take(
        &mut self,
        origin: Option<&Origin>,
        instance: Option<&Arc<str>>,
        record: &LogRecord,
        now_ns: u64,
    ) -> bool {
        let Some(origin) = origin else { return false };
        if !self.0.contains_key(origin) && self.0.len() >= ORIGINS_MAX {
            return false;
        }
        let lines = self.0.entry(origin.clone()).or_default();
        if let Some(it) = record.attributes.iter().find(|it| it.key == DROPPED) {
            let count = it.value.as_ref().and_then(plain).and_then(|it| it.parse::<u64>().ok());
            lines.dropped_bytes = lines.dropped_bytes.saturating_add(count.unwrap_or_default());
            return true;
        }
        lines.kept.push_back(Arc::new(line(record, instance, now_ns)));
        if lines.kept.len() > LINES_MAX {
            lines.kept.pop_front();
            lines.first += 1;
        }
        true
    }

    /// The lines from this number on, the earliest first, and the number of the next. Of several origins that are the same
    /// version, as of one and the same in two environments, the first.
    pub(super) fn lines(&self, speaker: &Speaker, from: u64) -> (Vec<Arc<Line>>, u64) {
        let Some(lines) = self.0.iter().find(|(origin, _)| speaker.is(origin)).map(|it| it.1) else {
            return (Vec::new(), from);
        };
        let next = lines.first + lines.kept.len() as u64;
        let skipped = usize::try_from(from.saturating_sub(lines.first)).unwrap_or(usize::MAX);
        (lines.kept.iter().skip(skipped).cloned().collect(), next)
    }

    /// How many bytes of what the version wrote were never sent.
    pub(super) fn dropped_bytes(&self, speaker: &Speaker) -> u64 {
        self.0.iter().find(|(origin, _)| speaker.is(origin)).map_or(0, |it| it.1.dropped_bytes)
    }
}

fn line(record: &LogRecord, instance: Option<&Arc<str>>, now_ns: u64) -> Line {
    let told = [record.time_unix_nano, record.observed_time_unix_nano];
    Line {
        at_ns: told.into_iter().find(|it| *it > 0).unwrap_or(now_ns),
        text: written(record),
        trace: (record.trace_id.len() == 16).then(|| hex(&record.trace_id)),
        instance: instance.cloned(),
    }
}

/// What the comparison looks at.
fn written(record: &LogRecord) -> String {
    let message = shortened(record.body.as_ref().map_or_else(String::new, text));
    let is_line = record.attributes.iter().any(|it| WRITTEN.contains(&it.key.as_str()));
    if is_line || message.starts_with('{') {
        return message;
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
    let attribute = |it: &KeyValue| Some((it.key.clone(), json!(shortened(plain(it.value.as_ref()?)?))));
    let mut object: Map<_, _> = record.attributes.iter().take(ATTRIBUTES_MAX).filter_map(attribute).collect();
    object.insert("level".to_owned(), json!(level));
    object.insert("message".to_owned(), json!(message));
    serde_json::Value::Object(object).to_string()
}

fn shortened(mut text: String) -> String {
    if text.len() > LINE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(LINE_BYTES_MAX));
    }
    text
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
