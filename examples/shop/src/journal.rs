//! One line of JSON on standard output per request and per turn of the process's life.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::instance::Instance;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a, Event> {
    /// Since 1970, in UTC.
    time_ms: u128,
    service: &'a str,
    version: &'a str,
    #[serde(flatten)]
    event: Event,
}

/// A request that was answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answered<'a> {
    /// `error` where it failed on this side, else `info`.
    pub(crate) level: &'static str,
    /// The same for all that went the same way: `POST /orders failed`.
    pub(crate) message: String,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<&'a str>,
}

/// `listening`, with the address; `draining`; `stopped`.
#[derive(Serialize)]
pub(crate) struct Turn {
    pub(crate) event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
}

/// Writes one line. A reader that went away is no reason to stop serving.
pub(crate) fn write(instance: &Instance, event: impl Serialize) {
    let line = Line {
        time_ms: since_1970().as_millis(),
        service: instance.service.name(),
        version: &instance.artifact.version,
        event,
    };
    let mut text = serde_json::to_vec(&line).expect("log lines are always JSON");
    text.push(b'\n');
    let _ = std::io::stdout().lock().write_all(&text);
}

#[expect(clippy::disallowed_methods, reason = "a log line tells when it was written; nothing depends on it")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
