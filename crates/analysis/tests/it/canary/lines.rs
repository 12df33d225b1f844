//! Lines made by hand.

use serde_json::{Value, json};
use shipway_analysis::canary::{Analysis, Answer, Config};

pub(super) fn config(value: Value) -> Config {
    serde_json::from_value(value).expect("a configuration")
}

/// One line, `parts` being what it tells besides its place.
pub(super) fn line(block_idx: u64, arm: &str, instance: &str, parts: Value) -> String {
    let mut line = json!({"t": block_idx * 10, "dt_s": 10, "arm": arm, "instance": instance});
    line.as_object_mut().unwrap().extend(parts.as_object().expect("parts").clone());
    line.to_string()
}

pub(super) fn requests(requests: u64, errors: u64) -> Value {
    json!({"requests": requests, "errors": errors})
}

/// Errors alone, critical.
pub(super) fn errors_alone() -> Config {
    config(json!({"metrics": [{"name": "errors", "kind": "proportion", "critical": true}]}))
}

/// The answer to lines that all make sense, and how many of them were read.
pub(super) fn judge(config: Config, lines: &[String]) -> (Answer, usize) {
    let mut analysis = Analysis::new(config).expect("a good configuration");
    for (idx, line) in lines.iter().enumerate() {
        if let Some(answer) = analysis.read_line(line).unwrap_or_else(|it| panic!("{line}: {it}")) {
            return (answer.clone(), idx + 1);
        }
    }
    (analysis.finish(), lines.len())
}

/// What the last of these lines is refused with.
pub(super) fn refusal(lines: &[String]) -> String {
    let mut analysis = Analysis::new(Config::default()).unwrap();
    let (last, before) = lines.split_last().expect("a line");
    for line in before {
        analysis.read_line(line).unwrap();
    }
    analysis.read_line(last).unwrap_err().to_string()
}
