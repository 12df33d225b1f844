//! Lines as an OTLP export request in JSON.

use serde_json::{Value, json};

use super::stream::Writer;
use crate::telemetry::Attribute;

/// How many bytes of an instance's output were passed over, on a record of its own without a body.
const DROPPED: &str = "shipway.dropped_bytes";

/// Lines that one writer of an instance wrote.
pub(super) struct Piece {
    pub(super) writer: Writer,
    pub(super) lines: Vec<String>,
}

#[derive(Default)]
pub(super) struct Batch {
    resources: Vec<Value>,
    size_bytes: usize,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Of the lines alone.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// What one instance wrote; nothing is added for nothing.
    pub(super) fn add(&mut self, resource: &[Attribute], pieces: Vec<Piece>, dropped_bytes: u64) {
        let mut records = Vec::new();
        for Piece { writer, lines } in pieces {
            let from = match &writer {
                Writer::Stdout => attribute("log.iostream", "stdout"),
                Writer::Stderr => attribute("log.iostream", "stderr"),
                Writer::File(path) => attribute("log.file.name", path),
            };
            for line in lines {
                self.size_bytes += line.len();
                // Without a time: this host's clock may be wrong, and the control plane has one.
                records.push(json!({ "body": { "stringValue": line }, "attributes": [from] }));
            }
        }
        if dropped_bytes > 0 {
            let count = json!({ "key": DROPPED, "value": { "intValue": dropped_bytes.to_string() } });
            records.push(json!({ "attributes": [count] }));
        }
        if records.is_empty() {
            return;
        }
        let attributes: Vec<Value> = resource.iter().map(|(key, value)| attribute(key, value)).collect();
        let scope = json!({ "scope": { "name": "shipway.agent" }, "logRecords": records });
        self.resources.push(json!({ "resource": { "attributes": attributes }, "scopeLogs": [scope] }));
    }

    pub(super) fn into_request(self) -> Value {
        json!({ "resourceLogs": self.resources })
    }
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_where_they_come_from_and_how_much_is_missing() {
        let mut batch = Batch::default();
        batch.add(&[("service.name", "web".to_owned())], Vec::new(), 0);
        assert!(batch.is_empty());
        let piece = Piece { writer: Writer::Stderr, lines: vec!["it broke".to_owned()] };
        batch.add(&[("service.name", "web".to_owned())], vec![piece], 7);
        let request = batch.into_request();
        let of_web = &request["resourceLogs"][0];
        assert_eq!(of_web["resource"]["attributes"][0]["value"]["stringValue"], "web");
        let records = &of_web["scopeLogs"][0]["logRecords"];
        assert_eq!(records[0]["body"]["stringValue"], "it broke");
        assert_eq!(records[0]["attributes"][0]["value"]["stringValue"], "stderr");
        assert_eq!(records[1]["attributes"][0]["value"]["intValue"], "7");
        assert!(records[0].get("timeUnixNano").is_none(), "the control plane's clock tells the time");
    }
}
