//! Configurations and observations from files.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use shipway_analysis::canary::{Analysis, Answer, Config};

use crate::failure::Failure;

/// Bounds a configuration, in bytes.
const CONFIG_BYTES_MAX: u64 = 64 << 20;

/// Bounds one line of observations, in bytes: a million raw values of latency fit.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// Reads YAML, of which JSON is a part.
///
/// # Errors
/// The file cannot be read, or is not such a value.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = read_text(path)?;
    let read = if path.extension().is_some_and(|it| it == "json") {
        serde_json::from_str(&text).map_err(|it| it.to_string())
    } else {
        serde_saphyr::from_str(&text).map_err(|it| it.to_string())
    };
    read.map_err(|error| refused(path, &error))
}

/// The configuration of an analysis, checked; every default without a file.
///
/// # Errors
/// As for [`read`], and what [`Config::check`] finds.
pub(super) fn config(path: Option<&Path>) -> Result<Config, Failure> {
    let Some(path) = path else { return Ok(Config::default()) };
    let config: Config = read(path)?;
    config.check().map_err(|it| refused(path, &it.to_string()))?;
    Ok(config)
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| refused(path, &error.to_string());
    let file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > CONFIG_BYTES_MAX {
        return Err(refused(path, &format!("it has more than {CONFIG_BYTES_MAX} bytes")));
    }
    Ok(text)
}

pub(super) fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(format!("{}: {why}", path.display()), "shipway analysis judge --help")
}

/// Judges the observations of a file, `-` being standard input, reading no further than to the block that decides.
///
/// # Errors
/// The file cannot be read, or a line of it makes no sense; it is named by its number.
pub(super) fn judge(config: Config, path: &Path) -> Result<Answer, Failure> {
    let mut analysis = Analysis::new(config).map_err(|it| refused(path, &it.to_string()))?;
    let mut lines = open(path)?;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let n_bytes = (&mut lines).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        let faulty = |why: String| refused(path, &format!("line {number}: {why}"));
        if n_bytes.map_err(|it| faulty(it.to_string()))? == 0 {
            break;
        }
        // What is too long or no text is for the analysis to refuse, or to leave unread.
        let is_too_long = line.len() as u64 > LINE_BYTES_MAX;
        let text = if is_too_long {
            "a line that is too long"
        } else {
            std::str::from_utf8(&line).unwrap_or("\u{1}")
        };
        match analysis.read_line(text) {
            Ok(Some(answer)) => return Ok(answer.clone()),
            Ok(None) => {}
            Err(_) if is_too_long => return Err(faulty(format!("it has more than {LINE_BYTES_MAX} bytes"))),
            Err(error) => return Err(faulty(error.to_string())),
        }
    }
    Ok(analysis.finish())
}

/// Hands over each line with its number, without its end.
///
/// # Errors
/// The file cannot be read, a line of it is too long, or what `take` says about a line.
pub(super) fn each_line(
    path: &Path,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut lines = open(path)?;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let n_bytes = (&mut lines).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        let faulty = |why: String| refused(path, &format!("line {number}: {why}"));
        if n_bytes.map_err(|it| faulty(it.to_string()))? == 0 {
            break;
        }
        if line.len() as u64 > LINE_BYTES_MAX {
            return Err(faulty(format!("it has more than {LINE_BYTES_MAX} bytes")));
        }
        take(number, line.trim_ascii_end())?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    if fs::metadata(path).is_ok_and(|it| it.is_dir()) {
        return Err(refused(path, "it is a folder"));
    }
    let file = File::open(path).map_err(|it| refused(path, &it.to_string()))?;
    Ok(Box::new(BufReader::new(file)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use shipway_model::analysis::Decision;

    use super::*;

    fn check(text: &[u8], expect: Result<Decision, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("data.jsonl");
        fs::write(&path, text).unwrap();
        match (judge(Config::default(), &path), expect) {
            (Ok(answer), expect) => assert_eq!(Ok(answer.decision), expect),
            (Err(failure), Err(expect)) => {
                assert!(failure.message().ends_with(expect), "{} for {expect}", failure.message());
            }
            (Err(failure), Ok(_)) => panic!("{}", failure.message()),
        }
    }

    const BAD: &str = r#"{"t":0,"arm":"control","requests":500,"errors":1}
{"t":0,"arm":"canary","requests":500,"errors":100}
"#;

    #[test]
    fn nothing_behind_the_decision_is_read() {
        check(BAD.as_bytes(), Ok(Decision::Harmful));
        check(format!("{BAD}garbage\n").as_bytes(), Ok(Decision::Harmful));
        check(&[BAD.as_bytes(), b"\xff\xfe\n"].concat(), Ok(Decision::Harmful));
        check(b"", Ok(Decision::NoVerdict));
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        check(b"\n{\"t\":0}\n", Err("line 2: missing field `arm` (column 7)"));
        check(b"\xff\n", Err("line 1: expected value (column 1)"));
        let impossible = b"{\"t\":0,\"arm\":\"canary\",\"requests\":1,\"errors\":2}";
        check(impossible, Err("line 1: `errors` is 2, more than the 1 of `requests`"));
    }

    #[test]
    fn configurations_are_yaml_or_json() {
        let folder = tempfile::tempdir().unwrap();
        let yaml = folder.path().join("analysis.yaml");
        fs::write(&yaml, "metrics:\n  - name: errors\n    kind: proportion\n    margin: 1.2\n").unwrap();
        assert_eq!(config(Some(&yaml)).unwrap().metrics[0].margin, Some(1.2));
        let json = folder.path().join("analysis.json");
        fs::write(&json, r#"{"alpha": 2}"#).unwrap();
        let failure = config(Some(&json)).unwrap_err();
        assert!(failure.message().ends_with("`alpha` is 2; it goes from 0.000000001 to 0.5"));
    }
}
