//! What the built-in routers counted, ten seconds by ten seconds, for as long as a watch looks back: routers themselves
//! know no past.
//!
//! `FOLDER/ENVIRONMENT/SERVICE/YYYY-MM-DD.jsonl` has one line per version and stretch in which it was asked something;
//! about a megabyte a day for a service under steady traffic. One control plane of several that share the folder writes,
//! the one that holds its lock.

mod recorder;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shipway_model::analysis::{Arm, Histogram};
use shipway_model::effect::MetricsSource;
use shipway_model::{Name, Version};

pub use self::recorder::Recorder;

/// Days that are kept.
pub const DAYS_KEPT: i64 = 32;
/// A day of one service is not read beyond this.
const DAY_BYTES_MAX: u64 = 64 << 20;

/// The folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct History {
    folder: PathBuf,
}

/// What one version did during the stretch that ended at `t`.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Milliseconds since 1970.
    t: i64,
    version: Version,
    requests: u64,
    errors: u64,
    /// Where they are others than in the line above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bounds_ms: Vec<f64>,
    /// Place and count of each bucket that is not empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    buckets: Vec<(usize, u64)>,
}

impl History {
    pub fn kept_in(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What all versions but `without` did after `from` and until `to`; nothing when nothing was recorded of then, which
    /// is not the same as zero.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) async fn read(
        &self,
        source: &MetricsSource,
        without: &Version,
        from: Timestamp,
        to: Timestamp,
    ) -> io::Result<Option<Arm>> {
        let folder = self.folder_of(&source.environment, &source.service);
        let without = without.clone();
        let reading = tokio::task::spawn_blocking(move || read(&folder, &without, from, to));
        reading.await.map_err(io::Error::other)?
    }

    fn folder_of(&self, environment: &Name, service: &Name) -> PathBuf {
        self.folder.join(environment.as_str()).join(service.as_str())
    }

    /// Adds what each version did during a stretch that ended at `end`.
    fn append(
        &self,
        (environment, service): (&Name, &Name),
        end: Timestamp,
        arms: &BTreeMap<Version, Arm>,
        known: &mut Known,
    ) -> io::Result<()> {
        let folder = self.folder_of(environment, service);
        let path = folder.join(format!("{}.jsonl", day_of(end)));
        if known.path != path {
            fs::create_dir_all(&folder)?;
            *known = Known { path: path.clone(), bounds_ms: Vec::new() };
            forget(&folder, end)?;
        }
        let mut text = Vec::new();
        for (version, arm) in arms.iter().filter(|(_, it)| it.requests > 0) {
            let is_new = known.bounds_ms != arm.latency.bounds_ms;
            if is_new {
                known.bounds_ms.clone_from(&arm.latency.bounds_ms);
            }
            let buckets = arm.latency.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0);
            let line = Line {
                t: end.as_millisecond(),
                version: version.clone(),
                requests: arm.requests,
                errors: arm.errors,
                bounds_ms: if is_new { known.bounds_ms.clone() } else { Vec::new() },
                buckets: buckets.collect(),
            };
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        fs::OpenOptions::new().create(true).append(true).open(&path)?.write_all(&text)
    }
}

/// What whoever appends remembers of the file.
#[derive(Debug, Default)]
struct Known {
    path: PathBuf,
    bounds_ms: Vec<f64>,
}

fn read(folder: &Path, without: &Version, from: Timestamp, to: Timestamp) -> io::Result<Option<Arm>> {
    let mut sum = None;
    let (mut day, last) = (day_of(from), day_of(to));
    loop {
        read_day(&folder.join(format!("{day}.jsonl")), without, (from, to), &mut sum)?;
        if day >= last {
            return Ok(sum);
        }
        day = day.tomorrow().map_err(io::Error::other)?;
    }
}

fn read_day(
    path: &Path,
    without: &Version,
    (from, to): (Timestamp, Timestamp),
    sum: &mut Option<Arm>,
) -> io::Result<()> {
    let file = match fs::File::open(path) {
        Ok(file) => io::Read::take(file, DAY_BYTES_MAX),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut bounds_ms = Vec::new();
    for line in BufReader::new(file).lines() {
        // The last line may be half written, by who died over it.
        let Ok(line) = serde_json::from_str::<Line>(&line?) else { continue };
        if !line.bounds_ms.is_empty() {
            bounds_ms = line.bounds_ms;
        }
        if line.t > to.as_millisecond() {
            return Ok(());
        }
        if line.t <= from.as_millisecond() || line.version == *without {
            continue;
        }
        let counts = vec![0; bounds_ms.len() + 1];
        let arm = sum.get_or_insert_with(|| Arm {
            latency: Histogram { bounds_ms: bounds_ms.clone(), counts },
            ..Arm::default()
        });
        if arm.latency.bounds_ms != bounds_ms {
            continue;
        }
        arm.requests = arm.requests.saturating_add(line.requests);
        arm.errors = arm.errors.saturating_add(line.errors);
        for (idx, count) in line.buckets {
            if let Some(sum) = arm.latency.counts.get_mut(idx) {
                *sum = sum.saturating_add(count);
            }
        }
    }
    Ok(())
}

/// Removes what is older than anybody looks back.
fn forget(folder: &Path, now: Timestamp) -> io::Result<()> {
    let oldest = now.checked_sub(SignedDuration::from_hours(24 * DAYS_KEPT)).unwrap_or(Timestamp::MIN);
    let oldest = format!("{}.jsonl", day_of(oldest));
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // Names of days sort as days do.
        if name.to_str().is_some_and(|it| it.ends_with(".jsonl") && it < oldest.as_str()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn day_of(time: Timestamp) -> jiff::civil::Date {
    time.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(requests: u64, errors: u64) -> Arm {
        let latency = Histogram { bounds_ms: vec![1.0, 10.0], counts: vec![requests - errors, 0, errors] };
        Arm { requests, errors, latency, ..Arm::default() }
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn what_was_recorded_is_read_over_midnight_and_without_the_new_version() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::kept_in(folder.path());
        let midnight: Timestamp = "2026-03-15T00:00:00Z".parse().unwrap();
        let at = |seconds: i64| midnight + SignedDuration::from_secs(seconds);
        let (environment, service) = (name("prod"), name("web"));
        let mut known = Known::default();
        for (seconds, version, requests) in
            [(-20, "1.0.0", 100), (-10, "1.0.0", 10), (0, "1.0.0", 1), (10, "1.1.0", 1000), (20, "1.0.1", 2)]
        {
            let arms = [(version.parse().unwrap(), arm(requests, 1))].into();
            history.append((&environment, &service), at(seconds), &arms, &mut known).unwrap();
        }
        let source = MetricsSource { admin: String::new(), environment, service };
        let canary = "1.1.0".parse().unwrap();
        let check = async |from, to, expect: Option<(u64, u64, Vec<u64>)>| {
            let found = history.read(&source, &canary, at(from), at(to)).await.unwrap();
            let found = found.map(|it| (it.requests, it.errors, it.latency.counts));
            assert_eq!(found, expect, "{from} to {to}");
        };
        check(-20, 20, Some((13, 3, vec![10, 0, 3]))).await;
        check(-30, -20, Some((100, 1, vec![99, 0, 1]))).await;
        check(0, 10, None).await;
        check(100, 200, None).await;
        let nobody = MetricsSource { service: name("other"), ..source.clone() };
        assert_eq!(history.read(&nobody, &canary, at(-20), at(20)).await.unwrap(), None);
    }

    #[test]
    fn old_days_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::kept_in(folder.path());
        let (environment, service) = (name("prod"), name("web"));
        let mut known = Known::default();
        let mut record = |day: &str| {
            let arms = [("1.0.0".parse().unwrap(), arm(1, 0))].into();
            let end = format!("{day}T12:00:00Z").parse().unwrap();
            history.append((&environment, &service), end, &arms, &mut known).unwrap();
        };
        record("2026-01-01");
        record("2026-01-20");
        record("2026-02-05");
        let mut days: Vec<_> = fs::read_dir(folder.path().join("prod/web"))
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        days.sort();
        assert_eq!(days, ["2026-01-20.jsonl", "2026-02-05.jsonl"]);
    }
}
