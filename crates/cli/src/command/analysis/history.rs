//! Observations of today beside those of past periods.

use std::path::{Path, PathBuf};

use shipway_analysis::baseline::{Grouping, Past};
use shipway_analysis::canary::{Analysis, Answer, Arm, Baseline, Config, Observation};

use super::files::{self, Lines};
use crate::failure::Failure;

/// A past period, read as far as today has come.
struct Period<'a> {
    path: &'a Path,
    lines: Lines,
    past: Past,
    next: Option<Observation>,
}

/// Judges today's canary by past periods instead of a control of today's, reading no further than to the block that
/// decides. Several periods are one instance of control each.
///
/// # Errors
/// A file cannot be read, a line of it makes no sense, or today has lines of a control.
pub(super) fn judge(mut config: Config, today: &Path, past: &[PathBuf]) -> Result<Answer, Failure> {
    if matches!(config.baseline, Baseline::Concurrent | Baseline::Fresh) {
        config.baseline = if past.len() > 1 { Baseline::Seasonal } else { Baseline::Previous };
    }
    let grouping = if config.baseline == Baseline::Seasonal { Grouping::Whole } else { Grouping::Instances };
    let mut analysis = Analysis::new(config).map_err(|it| files::refused(today, &it.to_string()))?;
    let mut lines = Lines::open(today)?;
    let mut periods: Option<Vec<Period>> = None;
    while let Some((number, text)) = lines.next_text()? {
        if text.is_empty() {
            continue;
        }
        let refused = |why: &str| files::refused(today, &format!("line {number}: {why}"));
        let line: Observation = serde_json::from_str(&text).map_err(|it| refused(&it.to_string()))?;
        if line.arm == Arm::Control {
            return Err(refused("control's lines come from --baseline; these are to be the canary's alone"));
        }
        if periods.is_none() {
            periods = Some(open(past, line.t, grouping)?);
        }
        let mut control = Vec::new();
        for period in periods.iter_mut().flatten() {
            period.read_to(line.t, &mut control)?;
        }
        control.sort_by(|one, other| one.t.total_cmp(&other.t));
        for moved in control {
            let answer =
                analysis.observe(moved).map_err(|it| refused(&format!("the past beside it: {it}")))?;
            if let Some(answer) = answer {
                return Ok(answer.clone());
            }
        }
        if let Some(answer) = analysis.observe(line).map_err(|it| refused(&it.to_string()))? {
            return Ok(answer.clone());
        }
    }
    Ok(analysis.finish())
}

fn open(past: &[PathBuf], now: f64, grouping: Grouping) -> Result<Vec<Period<'_>>, Failure> {
    let mut periods = Vec::new();
    for path in past {
        let mut lines = Lines::open(path)?;
        let Some(first) = read(path, &mut lines)? else { continue };
        let name = path.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
        // Two files of one name in two folders are two periods.
        let name = format!("{}-{name}", periods.len() + 1);
        periods.push(Period {
            path,
            lines,
            past: Past::new(&name, first.t, now, grouping),
            next: Some(first),
        });
    }
    Ok(periods)
}

impl Period<'_> {
    /// Hands over what then had come up to `t` of today.
    fn read_to(&mut self, t: f64, into: &mut Vec<Observation>) -> Result<(), Failure> {
        while let Some(line) = self.next.take_if(|it| self.past.moved(it.t) <= t + 1e-6) {
            into.extend(self.past.take(line, t));
            self.next = read(self.path, &mut self.lines)?;
        }
        into.extend(self.past.finish());
        Ok(())
    }
}

fn read(path: &Path, lines: &mut Lines) -> Result<Option<Observation>, Failure> {
    while let Some((number, text)) = lines.next_text()? {
        if !text.is_empty() {
            let line = serde_json::from_str(&text);
            return line.map(Some).map_err(|it| files::refused(path, &format!("line {number}: {it}")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use shipway_model::analysis::Decision;

    use super::*;

    /// An hour of two instances with so many errors per block of 500 requests, from `start` on.
    fn hour(folder: &Path, name: &str, start: u64, errors: impl Fn(u64) -> u64) -> PathBuf {
        let line = |n: u64| {
            let (t, instance) = (start + n / 2 * 10, n % 2);
            let errors = errors(n);
            format!(r#"{{"t":{t},"arm":"canary","instance":"{instance}","requests":500,"errors":{errors}}}"#)
        };
        let path = folder.join(name);
        fs::write(&path, (0..720).map(line).collect::<Vec<_>>().join("\n")).unwrap();
        path
    }

    fn check(today: u64, past: &[u64], expect: Decision) {
        let folder = tempfile::tempdir().unwrap();
        let data = hour(folder.path(), "today.jsonl", 1_000_000, |_| today);
        let past: Vec<PathBuf> = past
            .iter()
            .enumerate()
            .map(|(idx, errors)| hour(folder.path(), &format!("{idx}.jsonl"), idx as u64 * 5000, |_| *errors))
            .collect();
        let config: Config =
            serde_json::from_str(r#"{"metrics":[{"name":"errors","kind":"proportion"}]}"#).unwrap();
        let answer = judge(config, &data, &past).unwrap();
        assert_eq!(answer.decision, expect, "{answer:#?}");
    }

    #[test]
    fn the_hour_before_is_a_control() {
        check(25, &[5], Decision::Harmful);
        check(5, &[5], Decision::Healthy);
    }

    #[test]
    fn today_has_to_be_worse_than_every_past_period() {
        check(25, &[5, 6, 4], Decision::Harmful);
        let folder = tempfile::tempdir().unwrap();
        let data = hour(folder.path(), "today.jsonl", 1_000_000, |_| 25);
        let past = [5, 25, 4].map(|it| hour(folder.path(), &format!("{it}.jsonl"), 0, |_| it));
        let answer = judge(Config::default(), &data, &past).unwrap();
        assert_ne!(answer.decision, Decision::Harmful, "{answer:#?}");
    }

    #[test]
    fn a_past_that_is_too_short_ends_in_no_verdict() {
        let folder = tempfile::tempdir().unwrap();
        let data = hour(folder.path(), "today.jsonl", 1_000_000, |_| 5);
        let past = folder.path().join("past.jsonl");
        fs::write(&past, r#"{"t":0,"arm":"control","requests":500,"errors":5}"#).unwrap();
        assert_eq!(judge(Config::default(), &data, &[past]).unwrap().decision, Decision::NoVerdict);
    }
}
