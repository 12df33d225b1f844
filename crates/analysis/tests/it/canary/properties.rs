//! What holds for any lines.

use proptest::prelude::*;
use serde_json::{Value, json};
use shipway_analysis::canary::{Analysis, Answer, Config};
use shipway_model::analysis::Decision;

use super::lines::config;

/// A number that mostly makes sense.
fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (0..2000_u64).prop_map(|it| json!(it)),
        1 => any::<u64>().prop_map(|it| json!(it)),
        1 => any::<i32>().prop_map(|it| json!(it)),
        1 => any::<f64>().prop_map(|it| json!(it)),
    ]
}

fn any_latency() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop::collection::vec(0..400_u64, 4)
            .prop_map(|counts| json!({"bounds": [10.0, 100.0, 1000.0], "counts": counts})),
        1 => (prop::collection::vec(any_number(), 0..4), prop::collection::vec(any_number(), 0..5))
            .prop_map(|(bounds, counts)| json!({"bounds": bounds, "counts": counts})),
        1 => prop::collection::vec(any_number(), 0..50).prop_map(|it| json!(it)),
        2 => Just(Value::Null),
    ]
}

fn any_line() -> impl Strategy<Value = Value> {
    let sample = (any_number(), any_number(), any_number(), any_number());
    let sold = prop_oneof![
        3 => (1..2000_u64, 0.0..0.2).prop_map(|(n, share)| json!({"n": n, "x": (n as f64 * share) as u64})),
        1 => sample.prop_map(|(n, x, sum, sum_sq)| json!({"n": n, "x": x, "sum": sum, "sum_sq": sum_sq})),
    ];
    let good =
        (0..3000_u64, 0.0..0.1_f64).prop_map(|(n, share)| (json!(n), json!((n as f64 * share) as u64)));
    let counts = prop_oneof![6 => good, 1 => (any_number(), any_number())];
    let place = (prop_oneof![20 => 0..2_u64, 1 => 0..100_u64], prop::bool::ANY, 0..4_u64);
    (place, counts, any_latency(), sold).prop_map(|((step, is_canary, instance), counts, latency, sold)| {
        let arm = if is_canary { "canary" } else { "control" };
        let mut line = json!({
            "t": step, "dt_s": 10, "arm": arm, "instance": instance.to_string(),
            "requests": counts.0, "errors": counts.1, "metrics": {"sold": sold, "revenue": sold},
        });
        if !latency.is_null() {
            line["latency_ms"] = latency;
        }
        line
    })
}

/// Lines whose `t` goes forward by whole blocks.
fn any_lines() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any_line(), 0..60).prop_map(|mut lines| {
        let mut block_idx = 0;
        for line in &mut lines {
            block_idx += line["t"].as_u64().unwrap();
            line["t"] = json!(block_idx * 10);
        }
        lines.iter().map(Value::to_string).collect()
    })
}

fn rule() -> Config {
    config(json!({"silence_s": 60, "metrics": [
        {"name": "errors", "kind": "proportion", "critical": true},
        {"name": "latency", "kind": "latency"},
        {"name": "sold", "kind": "proportion", "direction": "decrease"},
        {"name": "revenue", "kind": "mean"},
        {"name": "sold2", "kind": "count"},
    ]}))
}

/// The answer, and how many lines it took. Lines that make no sense are left out.
fn judge(lines: &[String]) -> (Answer, usize) {
    let mut analysis = Analysis::new(rule()).unwrap();
    for (idx, line) in lines.iter().enumerate() {
        if let Ok(Some(answer)) = analysis.read_line(line) {
            return (answer.clone(), idx + 1);
        }
    }
    (analysis.finish(), lines.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_can_be_written_and_is_explained(lines in any_lines()) {
        let (answer, _) = judge(&lines);
        prop_assert!(!answer.reasons.is_empty());
        let text = serde_json::to_string(&answer).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Answer>(&text).unwrap().decision, &answer.decision);
        for metric in &answer.metrics {
            prop_assert!(metric.e_value.is_finite() && metric.log_e_value.is_finite(), "{:?}", metric);
            let effect = &metric.effect;
            if let (Some(estimate), Some(low), Some(high)) = (effect.estimate, effect.low, effect.high) {
                prop_assert!(low <= estimate && estimate <= high, "{:?}", effect);
            }
        }
    }

    #[test]
    fn a_replay_decides_the_same_and_nothing_later_matters(lines in any_lines(), later in any_lines()) {
        let (answer, n_read) = judge(&lines);
        prop_assert_eq!(&judge(&lines).0, &answer);
        if matches!(answer.decision, Decision::Harmful | Decision::Healthy) && n_read < lines.len() {
            let mut other = lines[..n_read].to_vec();
            other.extend(later);
            prop_assert_eq!(judge(&other).0, answer);
        }
    }

    #[test]
    fn any_text_is_an_error_or_an_observation(text in "\\PC{0,80}") {
        let mut analysis = Analysis::new(Config::default()).unwrap();
        prop_assert!(!matches!(analysis.read_line(&text), Ok(Some(_))));
        prop_assert_eq!(analysis.finish().decision, Decision::NoVerdict);
    }

    #[test]
    fn one_sided_data_is_never_healthy(lines in any_lines()) {
        let one_sided: Vec<String> = lines.into_iter().filter(|it| it.contains("control")).collect();
        let (answer, _) = judge(&one_sided);
        prop_assert_eq!(answer.decision, Decision::NoVerdict);
    }
}

#[test]
fn memory_does_not_grow_with_the_length() {
    // Whatever an analysis holds is in what it shows of itself: so many values, wherever they are.
    let held = |analysis: &Analysis| format!("{analysis:?}").matches(',').count();
    let mut analysis = Analysis::new(Config { early_promotion: false, ..Config::default() }).unwrap();
    let mut after = Vec::new();
    for block_idx in 0..3000_u32 {
        for instance in 0..6_u32 {
            let arm = if instance < 3 { "control" } else { "canary" };
            let values: Vec<u32> = (0..100).map(|it| (it * 7 + block_idx + instance) % 100).collect();
            let line = json!({
                "t": block_idx * 10, "arm": arm, "instance": instance.to_string(), "requests": 100, "errors": 2,
                "latency_ms": values,
            });
            analysis.read_line(&line.to_string()).unwrap();
        }
        if [100, 2999].contains(&block_idx) {
            after.push(held(&analysis));
        }
    }
    assert!(after[1] <= after[0], "{after:?}");
}
