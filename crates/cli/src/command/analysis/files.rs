//! Configurations and observations from files.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

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

/// The lines of a file, one after the other.
pub(super) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
}

/// A line's number and its text, which is missing where it is too long.
type Line<'a> = (u64, Option<&'a [u8]>);

impl Lines {
    /// `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let reader: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else if fs::metadata(path).is_ok_and(|it| it.is_dir()) {
            return Err(refused(path, "it is a folder"));
        } else {
            let file = File::open(path).map_err(|it| refused(path, &it.to_string()))?;
            Box::new(BufReader::new(file))
        };
        Ok(Self { path: path.to_owned(), reader, number: 0, line: Vec::new() })
    }

    /// The next line with its number, without its end; nothing of one that is too long.
    ///
    /// # Errors
    /// The file cannot be read any further.
    fn next(&mut self) -> Result<Option<Line<'_>>, Failure> {
        self.line.clear();
        self.number += 1;
        let n_bytes = (&mut self.reader).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut self.line);
        if n_bytes.map_err(|it| self.faulty(self.number, &it.to_string()))? == 0 {
            return Ok(None);
        }
        let is_too_long = self.line.len() as u64 > LINE_BYTES_MAX;
        Ok(Some((self.number, (!is_too_long).then(|| self.line.trim_ascii_end()))))
    }

    /// The next line with its number; what is no text is replaced.
    ///
    /// # Errors
    /// The file cannot be read any further, or the line is too long.
    pub(super) fn next_text(&mut self) -> Result<Option<(u64, String)>, Failure> {
        let Some((number, line)) = self.next()? else { return Ok(None) };
        match line {
            Some(line) => Ok(Some((number, String::from_utf8_lossy(line).into_owned()))),
            None => Err(self.too_long(number)),
        }
    }

    fn too_long(&self, number: u64) -> Failure {
        self.faulty(number, &format!("it has more than {LINE_BYTES_MAX} bytes"))
    }

    fn faulty(&self, number: u64, why: &str) -> Failure {
        refused(&self.path, &format!("line {number}: {why}"))
    }
}

/// Judges the observations of a file, `-` being standard input, reading no further than to the block that decides.
///
/// # Errors
/// The file cannot be read, or a line of it makes no sense; it is named by its number.
pub(super) fn judge(config: Config, path: &Path) -> Result<Answer, Failure> {
    judge_lines(config, path, Lines::open(path)?)
}

/// The same of the lines that are left.
///
/// # Errors
/// As for [`judge`].
pub(super) fn judge_lines(config: Config, path: &Path, mut lines: Lines) -> Result<Answer, Failure> {
    let mut analysis = Analysis::new(config).map_err(|it| refused(path, &it.to_string()))?;
    while let Some((number, line)) = lines.next()? {
        // What is too long or no text is for the analysis to refuse, or to leave unread.
        let is_too_long = line.is_none();
        let text = line.map_or("a line that is too long", |it| std::str::from_utf8(it).unwrap_or("\u{1}"));
        match analysis.read_line(text) {
            Ok(Some(answer)) => return Ok(answer.clone()),
            Ok(None) => {}
            Err(_) if is_too_long => return Err(lines.too_long(number)),
            Err(error) => return Err(lines.faulty(number, &error.to_string())),
        }
    }
    Ok(analysis.finish())
}

#[cfg(test)]
mod tests {
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
