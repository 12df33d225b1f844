//! Which test has run which file: coverage that is told test by test.
//!
//! Two formats say that: LCOV tracefiles whose records name their test (`TN:`), and the JSON of coverage.py with contexts
//! (`coverage json --show-contexts`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::evidence::Fault;

/// Largest map, in bytes.
pub const MAP_BYTES_MAX: usize = 256 << 20;

/// The paths of files by the name of the test.
type Map = BTreeMap<String, BTreeSet<String>>;

/// Reads a map in either format.
///
/// # Errors
/// It is neither, is broken, or names no test at all.
pub fn read(text: &str) -> Result<Map, Fault> {
    if text.len() > MAP_BYTES_MAX {
        return Err(Fault::new(format!("the map is longer than {MAP_BYTES_MAX} bytes")));
    }
    let map = if text.trim_start().starts_with('{') { of_contexts(text)? } else { of_lcov(text)? };
    if map.is_empty() {
        return Err(Fault::new(
            "it names no test: write LCOV with `TN:` before each record, or `coverage json --show-contexts`",
        ));
    }
    Ok(map)
}

fn of_lcov(text: &str) -> Result<Map, Fault> {
    let mut map = Map::new();
    let (mut test, mut file) = (String::new(), None);
    let mut is_run = false;
    for (idx, line) in text.lines().enumerate() {
        let fault = |why: &str| Fault::at(idx as u64 + 1, 1, why.to_owned());
        let line = line.trim();
        if let Some(name) = line.strip_prefix("TN:") {
            test = name.trim().to_owned();
        } else if let Some(path) = line.strip_prefix("SF:") {
            (file, is_run) = (Some(path.to_owned()), false);
        } else if let Some(hit) = line.strip_prefix("DA:") {
            let count = hit.split(',').nth(1).and_then(|it| it.trim().parse::<i64>().ok());
            is_run |= count.ok_or_else(|| fault("`DA:` is no line and count"))? > 0;
        } else if line == "end_of_record" {
            let path = file.take().ok_or_else(|| fault("the record has no `SF:`"))?;
            if is_run && !test.is_empty() {
                map.entry(test.clone()).or_default().insert(path);
            }
        } else if !line.is_empty() && !line.starts_with('#') && !line.contains(':') {
            return Err(fault("it is no line of LCOV"));
        }
    }
    match file {
        Some(_) => Err(Fault::new("the last record has no end")),
        None => Ok(map),
    }
}

fn of_contexts(text: &str) -> Result<Map, Fault> {
    let document: Value = serde_json::from_str(text)
        .map_err(|it| Fault::at(it.line() as u64, it.column().max(1) as u64, "it is no JSON".to_owned()))?;
    let mut map = Map::new();
    for (path, file) in document.get("files").and_then(Value::as_object).into_iter().flatten() {
        let lines = file.get("contexts").and_then(Value::as_object).into_iter().flatten();
        for name in lines.flat_map(|(_, it)| it.as_array().into_iter().flatten()).filter_map(Value::as_str) {
            // pytest-cov tells the phase too: `tests/test_a.py::test_b|run`.
            let name = name.split('|').next().unwrap_or(name);
            if !name.is_empty() {
                map.entry(name.to_owned()).or_default().insert(path.clone());
            }
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, Vec<String>)> {
        read(text).unwrap().into_iter().map(|(test, files)| (test, files.into_iter().collect())).collect()
    }

    #[test]
    fn lcov_tells_tests_by_their_records() {
        let text = "TN:adds\nSF:src/sum.rs\nDA:1,2\nend_of_record\nSF:src/pay.rs\nDA:1,0\nend_of_record\nTN:pays\nSF:src/pay.rs\nDA:1,1\nLF:1\nend_of_record\n";
        let expected = [("adds", "src/sum.rs"), ("pays", "src/pay.rs")];
        let expected = expected.map(|(test, file)| (test.to_owned(), vec![file.to_owned()]));
        assert_eq!(shown(text), expected);
    }

    #[test]
    fn contexts_of_coverage_py_name_tests() {
        let text = r#"{"meta": {"show_contexts": true}, "files": {"shop/pay.py": {"contexts": {"1": ["", "t.py::test_a|run"], "2": ["t.py::test_a|setup", "t.py::test_b|run"]}}}}"#;
        let files = vec!["shop/pay.py".to_owned()];
        assert_eq!(
            shown(text),
            [("t.py::test_a".to_owned(), files.clone()), ("t.py::test_b".to_owned(), files)]
        );
    }

    #[test]
    fn what_names_no_test_or_is_broken_is_refused() {
        for text in [
            "",
            "SF:a\nDA:1,1\nend_of_record\n",
            "{}",
            "{",
            "hello",
            "TN:a\nSF:b\nDA:1,1\n",
            "TN:a\nend_of_record",
            "TN:a\nSF:b\nDA:x\nend_of_record",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
