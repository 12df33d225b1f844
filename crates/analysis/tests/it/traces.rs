//! Traces of two versions.

use serde_json::{Value, json};
use shipway_analysis::traces::{Change, Forest, Report, Rule, compare, read};

/// What one version does: own times in milliseconds, and which charge fails.
struct Version {
    cart_ms: u64,
    charge_ms: u64,
    charges: u64,
    failing_every: u64,
}

const OLD: Version = Version { cart_ms: 10, charge_ms: 30, charges: 1, failing_every: 500 };

fn span(trace: u64, id: &str, parent: &str, name: &str, (start, end): (u64, u64), failed: bool) -> Value {
    json!({
        "traceId": trace.to_string(), "spanId": id, "parentSpanId": parent, "name": name,
        "startTimeUnixNano": (start * 1_000_000).to_string(), "endTimeUnixNano": (end * 1_000_000).to_string(),
        "status": {"code": if failed { 2 } else { 0 }},
    })
}

/// Traces of a shop that asks a cart and charges a card, as a collector writes them.
fn forest(version: &Version) -> Forest {
    let mut spans = Vec::new();
    for trace in 0..400 {
        let jitter = trace % 7;
        let (cart, charge) = (version.cart_ms + jitter, version.charge_ms + jitter);
        let is_failed = trace % version.failing_every == 1;
        let mut now = 5;
        let mut of = vec![("shop", span(trace, "cart", "root", "GET /cart", (now, now + cart), false))];
        of[0].0 = "cart";
        now += cart;
        for n in 0..version.charges {
            of.push((
                "pay",
                span(trace, &format!("charge{n}"), "root", "charge", (now, now + charge), is_failed),
            ));
            now += charge;
        }
        of.push(("shop", span(trace, "root", "", "POST /order", (0, now + 5), is_failed)));
        spans.extend(of);
    }
    let resources: Vec<Value> = spans
        .into_iter()
        .map(|(service, span)| {
            json!({
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                "scopeSpans": [{"spans": [span]}],
            })
        })
        .collect();
    Forest::grow(read(&json!({"resourceSpans": resources}).to_string()).unwrap())
}

fn report(new: &Version) -> Report {
    compare(&forest(&OLD), &forest(new), &Rule::default())
}

#[test]
fn the_same_version_says_nothing() {
    let found = report(&OLD);
    assert_eq!((found.hops, found.control_traces, found.canary_traces), (3, 400, 400));
    assert!(found.findings.is_empty() && found.affected.is_empty() && !found.is_worse, "{found:#?}");
}

#[test]
fn the_hop_that_slowed_is_named_and_not_its_caller() {
    let found = report(&Version { charge_ms: 45, ..OLD });
    assert_eq!(found.findings.len(), 1, "{found:#?}");
    let finding = &found.findings[0];
    assert_eq!((finding.change, finding.hop.as_str()), (Change::Slower, "shop: POST /order → pay: charge"));
    assert!((finding.cost_ms - 15.0).abs() < 1e-9 && finding.example.is_some(), "{finding:?}");
    assert_eq!(found.affected, ["shop: POST /order"]);
    assert!(
        found.reasons[0]
            .starts_with("`shop: POST /order → pay: charge` slowed: of its own it takes 48.00 ms")
    );
}

#[test]
fn the_hop_that_fails_is_named_and_not_its_caller() {
    let found = report(&Version { failing_every: 10, ..OLD });
    let named: Vec<(Change, &str)> = found.findings.iter().map(|it| (it.change, it.hop.as_str())).collect();
    assert_eq!(named, [(Change::Failing, "shop: POST /order → pay: charge")], "{found:#?}");
    assert_eq!(found.findings[0].example.as_deref(), Some("1"));
}

#[test]
fn a_call_that_is_made_again_and_again_is_named() {
    let found = report(&Version { charges: 3, ..OLD });
    assert_eq!(found.findings[0].change, Change::CalledMoreOften, "{found:#?}");
    assert_eq!(found.findings[0].after, [3.0]);
}

#[test]
fn a_hop_that_is_new_or_gone_is_told_and_is_no_fault() {
    let found = report(&Version { charges: 0, ..OLD });
    assert_eq!((found.findings[0].change, found.is_worse), (Change::Gone, false), "{found:#?}");
    let empty = compare(&Forest::default(), &Forest::default(), &Rule::default());
    assert!(empty.findings.is_empty() && !empty.is_worse);
}

proptest::proptest! {
    #[test]
    fn any_text_is_an_error_or_spans(text in "\\PC{0,80}") {
        let _ = read(&text);
        let nested = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{text}]}}]}}]}}"#);
        let _ = read(&nested);
    }

    #[test]
    fn any_parents_make_a_forest(parents in proptest::collection::vec((0..6_u64, 0..6_u64, 0..50_u64, 0..50_u64), 0..30)) {
        // Also cycles, and spans that are their own parent.
        let spans: Vec<Value> = parents
            .iter()
            .map(|(id, parent, start, length)| {
                span(id % 2, &id.to_string(), &parent.to_string(), "x", (*start, start + length), false)
            })
            .collect();
        let document = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
        let forest = Forest::grow(read(&document).unwrap());
        proptest::prop_assert!(!compare(&forest, &forest, &Rule::default()).is_worse);
    }
}
