//! OTLP in JSON, as the OpenTelemetry collector's file exporter and SDKs write it: `resourceSpans` › `scopeSpans` › `spans`.
//! Fields that are not compared are not looked at.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

/// One span, with what is compared of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub trace: String,
    pub id: String,
    /// None of a root.
    pub parent: Option<String>,
    pub service: String,
    pub name: String,
    pub start_ns: u64,
    /// Not before `start_ns`.
    pub end_ns: u64,
    pub is_failed: bool,
}

/// Why traces are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTraces {
    /// No OTLP in JSON; the reason is the parser's.
    #[error("{0}")]
    Syntax(String),
    #[error("the span `{0}` ends before it starts")]
    EndsBeforeStart(String),
    #[error("a span has no `traceId` or no `spanId`")]
    WithoutId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default)]
    resource: Resource,
    #[serde(default)]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
struct Resource {
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default)]
    spans: Vec<RawSpan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpan {
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "nanoseconds")]
    start_time_unix_nano: u64,
    #[serde(default, deserialize_with = "nanoseconds")]
    end_time_unix_nano: u64,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: Value,
}

/// Reads one document; a file of lines is read line by line.
///
/// # Errors
/// The text is no OTLP in JSON, or a span in it is impossible.
pub fn read(text: &str) -> Result<Vec<Span>, InvalidTraces> {
    let document: Document =
        serde_json::from_str(text).map_err(|it| InvalidTraces::Syntax(it.to_string()))?;
    let mut spans = Vec::new();
    for resource in document.resource_spans {
        let service = resource.resource.attributes.iter().find(|it| it.key == "service.name");
        let service = service
            .and_then(|it| it.value.get("stringValue"))
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned();
        for span in resource.scope_spans.into_iter().flat_map(|it| it.spans) {
            spans.push(span.check(&service)?);
        }
    }
    Ok(spans)
}

impl RawSpan {
    fn check(self, service: &str) -> Result<Span, InvalidTraces> {
        if self.trace_id.is_empty() || self.span_id.is_empty() {
            return Err(InvalidTraces::WithoutId);
        }
        if self.end_time_unix_nano < self.start_time_unix_nano {
            return Err(InvalidTraces::EndsBeforeStart(self.span_id));
        }
        Ok(Span {
            trace: self.trace_id,
            id: self.span_id,
            parent: Some(self.parent_span_id).filter(|it| !it.is_empty()),
            service: service.to_owned(),
            name: self.name,
            start_ns: self.start_time_unix_nano,
            end_ns: self.end_time_unix_nano,
            // By number, or by name as Protobuf's JSON mapping also allows.
            is_failed: self.status.code == 2 || self.status.code == "STATUS_CODE_ERROR",
        })
    }
}

/// 64-bit numbers are strings in Protobuf's JSON mapping; some writers do not know.
fn nanoseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().map_err(D::Error::custom),
        Value::Number(number) => {
            number.as_u64().ok_or_else(|| D::Error::custom(format!("{number} is no number of nanoseconds")))
        }
        Value::Null => Ok(0),
        other => Err(D::Error::custom(format!("{other} is no number of nanoseconds"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read() {
        let text = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},
            "scopeSpans":[{"scope":{},"spans":[{"traceId":"t","spanId":"a","parentSpanId":"","name":"GET /","kind":2,
            "startTimeUnixNano":"1000","endTimeUnixNano":3000,"status":{"code":2}}]}]}]}"#;
        let spans = read(text).unwrap();
        assert_eq!(spans[0].service, "cart");
        assert_eq!((spans[0].parent.as_ref(), spans[0].end_ns, spans[0].is_failed), (None, 3000, true));
    }

    #[test]
    fn nonsense_is_refused() {
        let span =
            |fields: &str| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#);
        let check = |text: &str, expect: InvalidTraces| assert_eq!(read(text), Err(expect));
        check(&span(r#""traceId":"t""#), InvalidTraces::WithoutId);
        let backwards = r#""traceId":"t","spanId":"s","startTimeUnixNano":"2","endTimeUnixNano":"1""#;
        check(&span(backwards), InvalidTraces::EndsBeforeStart("s".to_owned()));
        for text in ["", "[]", "{}", &span(r#""traceId":"t","spanId":"s","startTimeUnixNano":-1"#)] {
            assert!(matches!(read(text), Err(InvalidTraces::Syntax(_))), "{text}");
        }
    }
}
