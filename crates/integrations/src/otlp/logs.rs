//! Log records, as the lines that the comparison of logs reads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::json;

use super::{Origin, Speaker, hex, plain};

/// Lines of one origin; the oldest go first.
const LINES_MAX: usize = 20_000;
/// Of all lines together; the oldest of whoever has most go first.
const BYTES_MAX: usize = 128 << 20;
/// Versions come and go: whoever was not heard of for longest makes room.
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
pub(super) struct Logs {
    origins: BTreeMap<Origin, Lines>,
    /// Number of the next line, over all origins.
    next: u64,
    size_bytes: usize,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<Arc<Line>>,
    size_bytes: usize,
    /// Number of the line before which it was last heard of.
    heard: u64,
    /// Bytes that whoever sends says it has not sent.
    dropped_bytes: u64,
}

/// A line of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Among all that ever came.
    pub(crate) number: u64,
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
        if !self.origins.contains_key(origin) && self.origins.len() >= ORIGINS_MAX {
            self.forget_the_quietest();
        }
        let lines = self.origins.entry(origin.clone()).or_default();
        lines.heard = self.next;
        if let Some(it) = record.attributes.iter().find(|it| it.key == DROPPED) {
            let count = it.value.as_ref().and_then(plain).and_then(|it| it.parse::<u64>().ok());
            lines.dropped_bytes = lines.dropped_bytes.saturating_add(count.unwrap_or_default());
            return true;
        }
        let line = line(record, instance, self.next, now_ns);
        self.next += 1;
        let size_bytes = size_of(&line);
        lines.kept.push_back(Arc::new(line));
        lines.size_bytes += size_bytes;
        self.size_bytes += size_bytes;
        if lines.kept.len() > LINES_MAX {
            self.size_bytes -= lines.pop();
        }
        while self.size_bytes > BYTES_MAX
            && let Some(largest) = self.origins.values_mut().max_by_key(|it| it.size_bytes)
        {
            self.size_bytes -= largest.pop();
        }
        true
    }

    fn forget_the_quietest(&mut self) {
        let quietest = self.origins.iter().min_by_key(|(_, it)| it.heard).map(|(origin, _)| origin.clone());
        if let Some(gone) = quietest.and_then(|it| self.origins.remove(&it)) {
            self.size_bytes -= gone.size_bytes;
        }
    }

    /// The lines from this number on, the earliest first, and the number of the next. Of several origins that are the same
    /// version, as of one and the same in two environments, the first.
    pub(super) fn lines(&self, speaker: &Speaker, from: u64) -> (Vec<Arc<Line>>, u64) {
        let Some(lines) = self.of(speaker) else { return (Vec::new(), from) };
        let n_known = lines.kept.partition_point(|it| it.number < from);
        (lines.kept.iter().skip(n_known).cloned().collect(), self.next)
    }

    /// How many bytes of what the version wrote were never sent.
    pub(super) fn dropped_bytes(&self, speaker: &Speaker) -> u64 {
        self.of(speaker).map_or(0, |it| it.dropped_bytes)
    }

    fn of(&self, speaker: &Speaker) -> Option<&Lines> {
        self.origins.iter().find(|(origin, _)| speaker.is(origin)).map(|it| it.1)
    }
}

impl Lines {
    /// Lets go of the oldest, and says how much room that makes.
    fn pop(&mut self) -> usize {
        let size_bytes = self.kept.pop_front().map_or(0, |it| size_of(&it));
        self.size_bytes -= size_bytes;
        size_bytes
    }
}

/// About what a line takes in memory.
fn size_of(line: &Line) -> usize {
    std::mem::size_of::<Line>() + line.text.len() + line.trace.as_ref().map_or(0, String::len)
}

fn line(record: &LogRecord, instance: Option<&Arc<str>>, number: u64, now_ns: u64) -> Line {
    let told = [record.time_unix_nano, record.observed_time_unix_nano];
    Line {
        number,
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
    let mut object: BTreeMap<String, serde_json::Value> =
        record.attributes.iter().take(ATTRIBUTES_MAX).filter_map(attribute).collect();
    object.insert("level".to_owned(), json!(level));
    object.insert("message".to_owned(), json!(message));
    json!(object).to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(version: usize) -> Origin {
        let (service, version) = ("web".to_owned(), format!("1.0.{version}"));
        Origin { service, version, environment: None }
    }

    fn speaker(version: usize) -> Speaker {
        let (environment, service) = ("prod".parse().unwrap(), "web".parse().unwrap());
        Speaker { environment, service, version: format!("1.0.{version}").parse().unwrap() }
    }

    fn record(bytes: usize) -> LogRecord {
        let value = Some(Value::StringValue("x".repeat(bytes)));
        LogRecord { body: Some(AnyValue { value }), ..LogRecord::default() }
    }

    #[test]
    fn versions_that_come_later_are_kept_and_the_quietest_go() {
        let mut logs = Logs::default();
        for version in 0..=ORIGINS_MAX {
            // The first one is never quiet.
            logs.take(Some(&origin(0)), None, &record(10), 1);
            assert!(logs.take(Some(&origin(version)), None, &record(10), 1), "{version}");
        }
        let n_lines = |version: usize| logs.lines(&speaker(version), 0).0.len();
        assert_eq!((n_lines(1), n_lines(2), n_lines(ORIGINS_MAX)), (0, 1, 1));
        assert!(n_lines(0) > ORIGINS_MAX, "whoever is heard of stays");
        // A reader that had read it all reads on where it was.
        let (_, next) = logs.lines(&speaker(1), u64::MAX);
        assert_eq!(next, u64::MAX, "nothing is known of it");
        let (_, next) = logs.lines(&speaker(0), 0);
        logs.take(Some(&origin(0)), None, &record(10), 1);
        assert_eq!(logs.lines(&speaker(0), next).0.len(), 1);
    }

    #[test]
    fn memory_is_bounded_over_all_versions_and_taken_from_the_largest() {
        let mut logs = Logs::default();
        logs.take(Some(&origin(0)), None, &record(100), 1);
        for idx in 0..100_000 {
            logs.take(Some(&origin(1 + idx % 7)), None, &record(LINE_BYTES_MAX), 1);
        }
        assert!(logs.size_bytes <= BYTES_MAX, "{}", logs.size_bytes);
        let all: usize = logs.origins.values().flat_map(|it| &it.kept).map(|it| size_of(it)).sum();
        assert_eq!(all, logs.size_bytes);
        assert_eq!(logs.lines(&speaker(0), 0).0.len(), 1, "the smallest keeps what it has");
    }
}
