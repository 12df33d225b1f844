//! What must hold of the readers whatever bytes they are given. `fuzz/` runs the same with inputs of its own making.

use shipway_analysis::baseline::{Grouping, Past};
use shipway_analysis::burn::{Burn, Objective};
use shipway_analysis::canary::{
    Analysis, Answer, Arm, Baseline, Config, Kind, MetricConfig, Observation, Watch,
};
use shipway_analysis::logs::{Logs, Rule, Signatures};
use shipway_analysis::traces;
use shipway_model::analysis::Decision;

/// Lines of observations: no panic, no verdict from one side alone, and the same answer at every replay.
pub(crate) fn observations(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for config in configs() {
        let (answer, arms) = judge(&config, &text);
        assert_eq!(judge(&config, &text).0, answer, "a replay decides the same");
        assert!(!answer.reasons.is_empty());
        let is_decided = matches!(answer.decision, Decision::Harmful | Decision::Healthy);
        assert!(!is_decided || arms == [true, true], "{answer:?}");
        let told = serde_json::to_string(&answer).expect("an answer can be written");
        assert_eq!(serde_json::from_str::<Answer>(&told).expect("and read").decision, answer.decision);
    }
    moved(&text);
}

/// Configurations of analyses and of error budgets.
pub(crate) fn config(bytes: &[u8]) {
    if let Ok(config) = serde_json::from_slice::<Config>(bytes) {
        match Analysis::new(config) {
            Ok(analysis) => assert_eq!(analysis.finish().decision, Decision::NoVerdict),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    if let Ok(Ok(mut burn)) = serde_json::from_slice::<Objective>(bytes).map(Burn::new) {
        for block_idx in 0..50 {
            assert!(burn.observe(f64::from(block_idx) * 3600.0, 10, 0).expect("is in order").is_empty());
        }
    }
}

/// Logs, signatures and traces.
pub(crate) fn records(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let signatures = serde_json::from_slice::<Signatures>(bytes).ok().filter(|it| it.check().is_ok());
    let mut logs = Logs::new(signatures.unwrap_or_default());
    for (number, line) in text.lines().enumerate() {
        logs.read_line(if number % 2 == 0 { Arm::Control } else { Arm::Canary }, line);
    }
    let report = logs.report(&Rule::default());
    serde_json::to_string(&report).expect("a report can be written");
    if let Ok(spans) = traces::read(&text) {
        let forest = traces::Forest::grow(spans);
        assert!(!traces::compare(&forest, &forest, &traces::Rule::default()).is_worse);
    }
}

fn configs() -> [Config; 4] {
    let errors = MetricConfig::new("errors", Kind::Proportion);
    [
        Config { watch: Some(Watch::default()), metrics: vec![errors], ..Config::default() },
        Config { silence_s: 60.0, ..Config::default() },
        Config { baseline: Baseline::Seasonal, ..Config::default() },
        Config { watch: Some(Watch { duration_s: 600.0 }), ..Config::default() },
    ]
}

/// The answer, and which arms had a line that made sense.
fn judge(config: &Config, text: &str) -> (Answer, [bool; 2]) {
    let mut analysis = Analysis::new(config.clone()).expect("is in range");
    let mut arms = [false; 2];
    for line in text.lines() {
        let read = analysis.read_line(line).map(|it| it.cloned());
        if let (Ok(_), Ok(line)) = (&read, serde_json::from_str::<Observation>(line)) {
            arms[usize::from(line.arm == Arm::Canary)] = true;
        }
        if let Ok(Some(answer)) = read {
            return (answer, arms);
        }
    }
    (analysis.finish(), arms)
}

/// The same lines as a past period.
fn moved(text: &str) {
    let mut past = Past::new("past", 0.0, 1e6, Grouping::Whole);
    for line in text.lines().filter_map(|it| serde_json::from_str::<Observation>(it).ok()) {
        let near = past.moved(line.t);
        if let Some(moved) = past.take(line, near) {
            assert_eq!(moved.arm, Arm::Control);
        }
    }
    past.finish();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces from which lines that nearly make sense are put together.
    const PIECES: [&str; 24] = [
        r#"{"t":0,"arm":"control","requests":500,"errors":1}"#,
        r#"{"t":0,"arm":"canary","requests":500,"errors":50}"#,
        r#"{"t":10,"arm":"control","requests":500,"errors":1,"latency_ms":[1,2,3]}"#,
        r#"{"t":10,"arm":"canary","instance":"b","requests":500,"latency_ms":{"bounds":[1],"counts":[3,4]}}"#,
        r#"{"t":1e12,"dt_s":86400,"arm":"canary","requests":100000000}"#,
        r#"{"t":20,"arm":"canary","requests":1000000000}"#,
        r#"{"traceId":"a","spanId":"b"}"#,
        r#"{"level":"error","msg":"x 1"}"#,
        "{\"t\":",
        "-1",
        "1e308",
        "NaN",
        "null",
        "\"arm\"",
        ":",
        ",",
        "}",
        "]",
        "\n",
        "\n",
        "\n",
        "\n",
        "{",
        "[",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn readers_stand_what_nearly_makes_sense(pieces in prop::collection::vec(0..PIECES.len(), 0..40)) {
            let text: String = pieces.into_iter().map(|it| PIECES[it]).collect();
            observations(text.as_bytes());
            config(text.as_bytes());
            records(text.as_bytes());
        }

        #[test]
        fn readers_stand_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            observations(&bytes);
            config(&bytes);
            records(&bytes);
        }

        #[test]
        fn configurations_of_any_numbers_are_used_or_refused(
            numbers in prop::array::uniform6(prop_oneof![any::<f64>(), 0.0..100.0_f64]),
        ) {
            let [alpha, beta, margin, harm, margin_absolute, duration_s] = numbers;
            let text = serde_json::json!({"alpha": alpha, "beta": beta, "watch": {"duration_s": duration_s}, "metrics": [{
                "name": "errors", "kind": "proportion", "margin": margin, "harm": harm, "margin_absolute": margin_absolute,
            }, {
                "name": "restarts", "kind": "count", "margin_absolute": margin, "harm_absolute": margin_absolute,
            }]});
            config(text.to_string().as_bytes());
        }
    }
}
