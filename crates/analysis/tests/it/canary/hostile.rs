//! Data that makes no sense is refused with the reason, or leads to no verdict.

use serde_json::json;
use shipway_analysis::canary::{Analysis, Config};
use shipway_model::analysis::Decision;

use super::lines::{config, errors_alone, judge, line, refusal, requests};

fn check(parts: serde_json::Value, message: &str) {
    assert_eq!(refusal(&[line(0, "canary", "a", parts)]), message);
}

#[test]
fn impossible_counts() {
    check(requests(5, 6), "`errors` is 6, more than the 5 of `requests`");
    check(json!({"errors": 1}), "`errors` has no `requests` beside it");
    check(
        json!({"requests": 1_000_000_000}),
        "`requests` is 1000000000; at most 100000000 are counted per block",
    );
    check(json!({"metrics": {"sold": {"n": 3, "x": 4}}}), "`x of sold` is 4, more than the 3 of `n of sold`");
    check(
        json!({"requests": 2, "latency_ms": [1.0, 2.0, 3.0]}),
        "`latency_ms` is 3, more than the 2 of `requests`",
    );
    check(
        json!({"metrics": {"revenue": {"n": 2, "sum": 10.0, "sum_sq": 1.0}}}),
        "`revenue` has a sum of squares of 1, which 2 units with the sum 10 cannot have",
    );
    check(json!({"metrics": {"revenue": {"n": 2, "values": [1.0]}}}), "`revenue` has 2 units and 1 values");
}

/// Ten instances a side with as many requests as one line may have, a fifth more errors on one of the sides.
#[test]
fn a_block_of_a_thousand_million_requests_is_judged() {
    let decided = |errors_of_canary: u64| {
        let lines: Vec<String> = (0..10)
            .flat_map(|instance: u64| {
                let of = |arm, errors| {
                    line(0, arm, &instance.to_string(), requests(100_000_000, errors + instance))
                };
                [of("control", 100_000), of("canary", errors_of_canary)]
            })
            .collect();
        judge(errors_alone(), &lines).0
    };
    let harmful = decided(120_000);
    assert_eq!(harmful.decision, Decision::Harmful, "{:?}", harmful.reasons);
    assert_eq!(harmful.canary_requests, 1_000_000_000);
    assert_eq!(decided(100_000).decision, Decision::Healthy);
}

#[test]
fn numbers_that_are_none() {
    for (text, message) in [
        (r#"{"t":0,"arm":"canary","requests":-1}"#, "a whole number from 0 on"),
        (r#"{"t":0,"arm":"canary","requests":1.5}"#, "a whole number from 0 on"),
        (r#"{"t":0,"arm":"canary","requests":NaN}"#, "expected value"),
        (r#"{"t":0,"arm":"canary","requests":"5"}"#, "a whole number from 0 on"),
        (r#"{"t":1e999,"arm":"canary"}"#, "number out of range"),
        (r#"{"t":1e13,"arm":"canary"}"#, "`t` is 10000000000000, which is no number from"),
        (r#"{"t":0,"dt_s":0,"arm":"canary"}"#, "`dt_s` is 0, which is no number from 0.001 to 86400"),
        (r#"{"t":0,"arm":"canary","latency_ms":[-1.0]}"#, "`latency_ms` is -1"),
        (r#"{"t":0,"arm":"blue"}"#, "unknown variant `blue`"),
        (r#"{"t":0,"arm":"canary","erors":1}"#, "unknown field `erors`"),
        (r#"{"t":0,"arm":"canary","requests":1,"requests":2}"#, "duplicate field"),
        ("[]", "invalid length"),
        ("garbage", "expected value (column 1)"),
    ] {
        let found = refusal(&[text.to_owned()]);
        assert!(found.contains(message), "{text}: {found}");
    }
}

#[test]
fn histograms_of_another_shape() {
    let timed = |bounds: &[f64], counts: &[u64]| json!({"latency_ms": {"bounds": bounds, "counts": counts}});
    check(
        timed(&[10.0], &[1]),
        "the histogram has 1 counts for 1 bounds; it takes one count more than bounds",
    );
    check(
        timed(&[10.0, 10.0], &[1, 0, 0]),
        "the histogram's bounds are no increasing numbers: 10 follows 10",
    );
    let changed = "the histogram's bounds differ from those that came before, or values came before it";
    let first = line(0, "canary", "a", timed(&[10.0], &[1, 0]));
    assert_eq!(refusal(&[first, line(0, "canary", "b", timed(&[20.0], &[1, 0]))]), changed);
    let values = line(0, "canary", "a", json!({"latency_ms": [1.0]}));
    assert_eq!(refusal(&[values, line(0, "canary", "b", timed(&[20.0], &[1, 0]))]), changed);
}

#[test]
fn clocks_that_jump() {
    let at = |block_idx, instance: &str| line(block_idx, "canary", instance, requests(5, 0));
    assert_eq!(
        refusal(&[at(3, "a"), at(2, "a")]),
        "the block at 20 comes after the one at 30; blocks go forward in time"
    );
    assert_eq!(
        refusal(&[at(3, "a"), at(3, "a")]),
        "Canary instance `a` reports the block at 30 a second time"
    );
    let half = json!({"t": 35, "dt_s": 10, "arm": "canary", "instance": "a", "requests": 1}).to_string();
    assert_eq!(refusal(&[at(3, "a"), half]), "the block at 35 starts before the one ahead of it ended at 40");
    let longer = json!({"t": 30, "dt_s": 60, "arm": "canary", "instance": "b", "requests": 1}).to_string();
    assert_eq!(refusal(&[at(3, "a"), longer]), "this block is 60 s long, its other lines 10 s");
}

#[test]
fn a_refused_line_leaves_no_trace() {
    let good = |block_idx| {
        ["control", "canary"]
            .map(|arm| line(block_idx, arm, "a", requests(500, if arm == "canary" { 4 } else { 1 })))
    };
    let mut lines: Vec<String> = (0..3).flat_map(good).collect();
    let (expected, _) = judge(errors_alone(), &lines);
    lines.insert(3, line(1, "canary", "a", requests(5, 6)));
    lines.insert(2, "{".to_owned());
    let mut analysis = Analysis::new(errors_alone()).unwrap();
    let n_refused = lines.iter().filter(|line| analysis.read_line(line).is_err()).count();
    assert_eq!((n_refused, analysis.finish()), (2, expected));
}

#[test]
fn what_stands_behind_the_decision_is_not_looked_at() {
    let lines = ["control", "canary"]
        .map(|arm| line(0, arm, "a", requests(500, if arm == "canary" { 50 } else { 1 })));
    let (expected, _) = judge(errors_alone(), &lines);
    for behind in
        ["garbage", r#"{"t":-5,"arm":"canary"}"#, r#"{"t":10,"arm":"canary","requests":1,"errors":2}"#]
    {
        let mut analysis = Analysis::new(errors_alone()).unwrap();
        for line in &lines {
            assert_eq!(analysis.read_line(line).unwrap(), None);
        }
        let is_late = behind.contains("-5");
        match analysis.read_line(behind) {
            Ok(answer) => assert_eq!(answer, Some(&expected)),
            // A line that goes back in time does not show that the block is complete.
            Err(error) => assert!(is_late, "{behind}: {error}"),
        }
        assert_eq!(analysis.finish(), expected);
    }
}

#[test]
fn configurations_out_of_range() {
    for (value, message) in [
        (json!({"alpha": 0.9}), "`alpha` is 0.9; it goes from 0.000000001 to 0.5"),
        (json!({"metrics": []}), "there are 0 metrics; an analysis has 1 to 100"),
        (
            json!({"metrics": [{"name": "errors", "kind": "proportion", "margin": 0.9}]}),
            "`margin of errors` is 0.9; it goes from 1 to 100",
        ),
        (
            json!({"metrics": [{"name": "errors", "kind": "mean"}]}),
            "the metric `errors` is of kind mean; `errors` is a proportion, `latency` of kind latency",
        ),
        (
            json!({"metrics": [{"name": "a", "kind": "count"}, {"name": "a", "kind": "mean"}]}),
            "the metric `a` is declared twice",
        ),
    ] {
        assert_eq!(config(value).check().unwrap_err().to_string(), message);
    }
    let not_a_number = Config { beta: f64::NAN, ..Config::default() };
    assert!(not_a_number.check().is_err());
}
