use serde_json::{Value, json};

use super::*;

const SECOND_NS: u64 = 1_000_000_000;

fn resource(version: &str) -> Value {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    json!({"attributes": [
        attribute("service.name", "web"), attribute("service.version", version),
        attribute("deployment.environment.name", "prod"),
    ]})
}

fn speaker(version: &str) -> Speaker {
    let (environment, service) = ("prod".parse().unwrap(), "web".parse().unwrap());
    Speaker { environment, service, version: version.parse().unwrap() }
}

fn take(
    telemetry: &Telemetry,
    (signal, encoding, is_gzip): (Signal, Encoding, bool),
    body: &[u8],
) -> Result<Vec<u8>, String> {
    telemetry.keep(Export::read(signal, encoding, is_gzip, body)?, encoding)
}

fn push(telemetry: &Telemetry, signal: Signal, body: &Value) -> Value {
    let how = (signal, Encoding::Json, false);
    let answer = take(telemetry, how, body.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&answer).unwrap()
}

fn metrics(version: &str, metrics: Value) -> Value {
    json!({"resourceMetrics": [{"resource": resource(version), "scopeMetrics": [{"scope": {}, "metrics": metrics}]}]})
}

fn counter(points: &[(u64, u64, &str)]) -> Value {
    let point = |(second, value, code): &(u64, u64, &str)| {
        json!({
            "startTimeUnixNano": SECOND_NS.to_string(), "timeUnixNano": (second * SECOND_NS).to_string(),
            "asInt": value.to_string(), "attributes": [{"key": "code", "value": {"intValue": code}}],
        })
    };
    let points: Vec<Value> = points.iter().map(point).collect();
    json!([{"name": "requests", "sum": {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true}}])
}

fn instrument(name: &str, code: Option<&str>) -> shipway_model::resource::metric::Instrument {
    let attributes = code.map(|it| ("code".to_owned(), it.to_owned())).into_iter().collect();
    shipway_model::resource::metric::Instrument { name: name.to_owned(), attributes }
}

fn grown(telemetry: &Telemetry, version: &str, code: Option<&str>, from_s: u64, to_s: u64) -> Option<f64> {
    let instrument = instrument("requests", code);
    let (from, to) = (from_s * SECOND_NS, to_s * SECOND_NS);
    telemetry.growth(&speaker(version), &Wanted(&instrument), from, to).unwrap().map(|it| it.count)
}

#[test]
fn counters_are_told_by_version_and_attributes() {
    let telemetry = Telemetry::default();
    push(&telemetry, Signal::Metrics, &metrics("1.0.0", counter(&[(10, 100, "200"), (10, 2, "503")])));
    push(&telemetry, Signal::Metrics, &metrics("1.0.0", counter(&[(20, 150, "200"), (20, 5, "503")])));
    push(&telemetry, Signal::Metrics, &metrics("1.1.0", counter(&[(20, 7, "200")])));
    assert_eq!(grown(&telemetry, "1.0.0", None, 10, 20), Some(53.0));
    assert_eq!(grown(&telemetry, "1.0.0", Some("5*"), 10, 20), Some(3.0));
    assert_eq!(grown(&telemetry, "1.1.0", None, 1, 20), Some(7.0));
    assert_eq!(grown(&telemetry, "1.2.0", None, 1, 20), None);
    let mut elsewhere = speaker("1.0.0");
    elsewhere.environment = "stage".parse().unwrap();
    let instrument = instrument("requests", None);
    assert_eq!(telemetry.growth(&elsewhere, &Wanted(&instrument), 0, 20 * SECOND_NS), Ok(None));
}

#[test]
fn histograms_are_added_up_exponential_ones_too() {
    let telemetry = Telemetry::default();
    let explicit = |second: u64, counts: [u64; 3]| {
        let counts = counts.map(|it| it.to_string());
        json!([{"name": "duration", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [{
            "startTimeUnixNano": SECOND_NS.to_string(), "timeUnixNano": (second * SECOND_NS).to_string(),
            "count": "9", "sum": 1.5, "explicitBounds": [0.1, 1.0], "bucketCounts": counts,
        }]}}])
    };
    push(&telemetry, Signal::Metrics, &metrics("1.0.0", explicit(10, [1, 2, 3])));
    push(&telemetry, Signal::Metrics, &metrics("1.0.0", explicit(20, [4, 2, 5])));
    let duration = instrument("duration", None);
    let found = telemetry.growth(&speaker("1.0.0"), &Wanted(&duration), 10 * SECOND_NS, 20 * SECOND_NS);
    let buckets = found.unwrap().unwrap().buckets.unwrap();
    assert_eq!((&*buckets.bounds, buckets.counts.as_slice()), (&[0.1, 1.0][..], &[3, 0, 2][..]));

    // Scale 2 has two buckets for each one of the grid: 1 to 2^¼ and 2^¼ to √2 become one.
    let exponential = json!([{"name": "size", "exponentialHistogram": {"aggregationTemporality": 1, "dataPoints": [{
        "startTimeUnixNano": SECOND_NS.to_string(), "timeUnixNano": (10 * SECOND_NS).to_string(),
        "count": "6", "sum": 7.0, "scale": 2, "zeroCount": "1",
        "positive": {"offset": 0, "bucketCounts": ["2", "3"]},
    }]}}]);
    push(&telemetry, Signal::Metrics, &metrics("1.0.0", exponential));
    let size = instrument("size", None);
    let found = telemetry.growth(&speaker("1.0.0"), &Wanted(&size), SECOND_NS, 10 * SECOND_NS);
    let buckets = found.unwrap().unwrap().buckets.unwrap();
    let filled: Vec<(f64, u64)> =
        buckets.bounds.iter().copied().zip(buckets.counts.iter().copied()).filter(|it| it.1 > 0).collect();
    assert_eq!(filled.iter().map(|it| it.1).collect::<Vec<_>>(), [1, 5]);
    assert!((filled[1].0 - std::f64::consts::SQRT_2).abs() < 1e-9, "{filled:?}");
}

#[test]
fn what_cannot_be_kept_is_counted() {
    let telemetry = Telemetry::default();
    let gauge = json!([{"name": "load", "gauge": {"dataPoints": [{"timeUnixNano": "5", "asDouble": 0.5}]}}]);
    let answer = push(&telemetry, Signal::Metrics, &metrics("1.0.0", gauge));
    assert_eq!(answer["partialSuccess"]["rejectedDataPoints"], json!(1), "{answer}");
    let nobody = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": counter(&[(10, 1, "200")])}]}]});
    let answer = push(&telemetry, Signal::Metrics, &nobody);
    assert_eq!(answer["partialSuccess"]["rejectedDataPoints"], json!(1), "{answer}");
    for (encoding, body) in [(Encoding::Json, &b"{"[..]), (Encoding::Protobuf, &b"\xff\xff\xff"[..])] {
        assert!(take(&telemetry, (Signal::Metrics, encoding, false), body).is_err());
    }
    assert!(take(&telemetry, (Signal::Logs, Encoding::Protobuf, true), b"no gzip").is_err());
}

#[test]
fn protobuf_and_gzip_say_the_same() {
    use prost::Message as _;
    use std::io::Write as _;
    let telemetry = Telemetry::default();
    let request: ExportMetricsServiceRequest =
        serde_json::from_value(metrics("1.0.0", counter(&[(10, 100, "200")]))).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&request.encode_to_vec()).unwrap();
    take(&telemetry, (Signal::Metrics, Encoding::Protobuf, true), &packed.finish().unwrap()).unwrap();
    assert_eq!(grown(&telemetry, "1.0.0", None, 1, 10), Some(100.0));
}

#[test]
fn log_records_become_lines_and_are_read_once() {
    let telemetry = Telemetry::default();
    let records = |texts: &[&str]| {
        let record = |text: &&str| json!({"severityNumber": 17, "body": {"stringValue": text}});
        let records: Vec<Value> = texts.iter().map(record).collect();
        json!({"resourceLogs": [{"resource": resource("1.0.0"), "scopeLogs": [{"logRecords": records}]}]})
    };
    push(&telemetry, Signal::Logs, &records(&["the disk is full", "again"]));
    let (lines, next) = telemetry.lines(&speaker("1.0.0"), 0);
    assert_eq!(lines[0].text, r#"{"level":"error","message":"the disk is full"}"#);
    assert!(lines[0].at_ns > 0, "a record without a time was written when it came");
    assert_eq!((lines.len(), next), (2, 2));
    push(&telemetry, Signal::Logs, &records(&["third"]));
    let (lines, next) = telemetry.lines(&speaker("1.0.0"), next);
    assert_eq!((lines.len(), next), (1, 3));
    assert_eq!(telemetry.lines(&speaker("1.1.0"), 0), (Vec::new(), 0));
}

#[test]
fn spans_belong_to_the_version_that_took_part() {
    let telemetry = Telemetry::default();
    let span = |version: &str, trace: &str, id: &str| {
        let span = json!({"traceId": trace.repeat(16), "spanId": id.repeat(8), "name": "GET /", "kind": 2,
            "startTimeUnixNano": "1000", "endTimeUnixNano": "3000", "status": {"code": 2}});
        json!({"resourceSpans": [{"resource": resource(version), "scopeSpans": [{"spans": [span]}]}]})
    };
    push(&telemetry, Signal::Traces, &span("1.0.0", "0a", "01"));
    push(&telemetry, Signal::Traces, &span("1.1.0", "0b", "02"));
    // A retry went through both.
    push(&telemetry, Signal::Traces, &span("1.0.0", "0c", "03"));
    push(&telemetry, Signal::Traces, &span("1.1.0", "0c", "04"));
    let found = telemetry.spans(&speaker("1.1.0"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].is_failed && found[0].parent.is_none() && found[0].trace == "0b".repeat(16),
        "{found:?}"
    );
}

#[test]
fn a_line_stays_as_a_process_wrote_it_and_leads_to_its_trace() {
    let telemetry = Telemetry::default();
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut resource = resource("1.0.0");
    let instance = attribute("service.instance.id", "host-a/web/1.0.0");
    resource["attributes"].as_array_mut().unwrap().push(instance);
    let records = json!([
        {"timeUnixNano": "7", "traceId": "0a".repeat(16), "attributes": [attribute("log.iostream", "stderr")],
         "body": {"stringValue": "ERROR no space left"}},
        {"severityNumber": 9, "attributes": [attribute("order", "17")], "body": {"stringValue": "paid"}},
        {"severityNumber": 9, "body": {"stringValue": "{\"level\":\"warn\"}"}},
    ]);
    let body = json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]});
    push(&telemetry, Signal::Logs, &body);
    let (lines, _) = telemetry.lines(&speaker("1.0.0"), 0);
    let texts: Vec<&str> = lines.iter().map(|it| it.text.as_str()).collect();
    let expected =
        ["ERROR no space left", r#"{"level":"info","message":"paid","order":"17"}"#, r#"{"level":"warn"}"#];
    assert_eq!(texts, expected);
    assert_eq!((lines[0].at_ns, lines[0].trace.clone()), (7, Some("0a".repeat(16))));
    assert_eq!(lines[0].instance.as_deref(), Some("host-a/web/1.0.0"));
}

#[test]
fn a_request_says_of_whom_it_tells_before_it_is_kept() {
    let telemetry = Arc::new(Telemetry::default());
    let body = metrics("1.0.0", counter(&[(10, 100, "200")])).to_string();
    let read = Arc::clone(&telemetry).read(Signal::Metrics, Encoding::Json, false, body.as_bytes()).unwrap();
    let named = |it: &str| std::collections::BTreeSet::from([it.to_owned()]);
    assert_eq!(read.about(), About { services: named("web"), environments: named("prod") });
    assert_eq!(grown(&telemetry, "1.0.0", None, 1, 10), None);
    read.keep().unwrap();
    assert_eq!(grown(&telemetry, "1.0.0", None, 1, 10), Some(100.0));
}

#[test]
fn what_an_agent_has_passed_over_is_counted_and_is_no_line() {
    let telemetry = Telemetry::default();
    let record = json!({"attributes": [{"key": "shipway.dropped_bytes", "value": {"intValue": "70"}}]});
    let scope = json!({"logRecords": [record, record]});
    let body = json!({"resourceLogs": [{"resource": resource("1.0.0"), "scopeLogs": [scope]}]});
    push(&telemetry, Signal::Logs, &body);
    assert_eq!(telemetry.dropped_bytes(&speaker("1.0.0")), 140);
    assert_eq!(telemetry.lines(&speaker("1.0.0"), 0).0.len(), 0);
    assert_eq!(telemetry.dropped_bytes(&speaker("1.1.0")), 0);
}
