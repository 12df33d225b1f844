//! Trying a way back out before it is needed: data as the version before leaves them, the release's migrations, rows of the new
//! version, and then the scripts of the rollback package. What stood before and what was written since must both be there.
//!
//! Everything happens in a copy of the package's folder, with an environment of its own. It is kept apart from what the caller has
//! by that alone: the commands may do whatever the caller may.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use shipway_model::Digest;
use shipway_model::release::{ROWS_BEFORE, ROWS_WRITTEN, Rehearsal, RollbackPackage, rehearsal_suite};

mod command;
mod report;

use command::Shell;
pub(crate) use report::junit;

/// Rows that are named where they differ.
const NAMED_MAX: usize = 5;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Of the package's bytes.
    pub(crate) package: Digest,
    pub(crate) passed: bool,
    pub(crate) cases: Vec<Case>,
}

/// One command or check.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) duration_s: f64,
    /// Why it did not go well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

impl Report {
    pub(crate) fn suite(&self) -> String {
        rehearsal_suite(&self.package)
    }
}

/// Rehearses the way back of a package in `folder`, a copy of its own. `variables` are all that the commands find in their
/// environment beside `PATH`, `HOME` and `TMPDIR`.
pub(crate) async fn rehearse(
    digest: Digest,
    package: &RollbackPackage,
    rehearsal: &Rehearsal,
    folder: &Path,
    variables: &BTreeMap<String, String>,
) -> Report {
    let shell = Shell { folder, variables, timeout: rehearsal.timeout.duration() };
    let mut cases = Cases(Vec::new());
    // A step that failed leaves nothing for the next one to stand on.
    let ended = walk(&shell, package, rehearsal, &mut cases).await;
    let mut cases = cases.0;
    if ended.is_none() {
        for name in [ROWS_BEFORE, ROWS_WRITTEN] {
            if !cases.iter().any(|it| it.name == name) {
                let fault = Some("the rehearsal did not come to this".to_owned());
                cases.push(Case { name: name.to_owned(), duration_s: 0.0, fault });
            }
        }
    }
    Report { package: digest, passed: cases.iter().all(|it| it.fault.is_none()), cases }
}

struct Cases(Vec<Case>);

impl Cases {
    /// Notes how it went; nothing when it did not go well.
    fn note<T>(&mut self, name: &str, started: Instant, outcome: Result<T, String>) -> Option<T> {
        let (fault, value) = match outcome {
            Ok(value) => (None, Some(value)),
            Err(fault) => (Some(fault), None),
        };
        self.0.push(Case { name: name.to_owned(), duration_s: started.elapsed().as_secs_f64(), fault });
        value
    }
}

async fn walk(
    shell: &Shell<'_>,
    package: &RollbackPackage,
    rehearsal: &Rehearsal,
    cases: &mut Cases,
) -> Option<()> {
    run_all(shell, "before", &rehearsal.before, cases).await?;
    let before = rows(shell, "rows of the version before", &rehearsal.rows, cases).await?;
    run_all(shell, "forward", &rehearsal.forward, cases).await?;
    run_all(shell, "write", &rehearsal.write, cases).await?;
    let new_rows = rehearsal.new_rows.as_ref().unwrap_or(&rehearsal.rows);
    let with_new = rows(shell, "rows with those of the new version", new_rows, cases).await?;
    let started = Instant::now();
    let written = without(&with_new, &before);
    let has_written = match written.is_empty() {
        true => {
            Err("`write` left no row that was not there before, so nothing is known of such rows".to_owned())
        }
        false => Ok(()),
    };
    cases.note("the new version wrote rows", started, has_written)?;
    for script in &package.scripts {
        let started = Instant::now();
        let ran = match shell.folder.join(script).is_file() {
            true => shell.run(&rehearsal.run, Some(script)).await.map(drop),
            false => Err(format!("{script} is not in the package's folder")),
        };
        cases.note(&format!("script {script}"), started, ran)?;
    }
    let after = rows(shell, "rows after the way back", &rehearsal.rows, cases).await?;
    let started = Instant::now();
    let stand = missing("stood before", &without(&before, &after));
    // Both are told, whatever the other says.
    let stand = cases.note(ROWS_BEFORE, started, stand);
    let kept = missing("were written by the new version", &without(&written, &without(&after, &before)));
    let kept = cases.note(ROWS_WRITTEN, started, kept);
    run_all(shell, "check", &rehearsal.checks, cases).await?;
    stand.and(kept)
}

async fn run_all(shell: &Shell<'_>, word: &str, commands: &[String], cases: &mut Cases) -> Option<()> {
    for (idx, command) in commands.iter().enumerate() {
        let started = Instant::now();
        let ran = shell.run(command, None).await.map(drop);
        cases.note(&format!("{word} {}", idx + 1), started, ran)?;
    }
    Some(())
}

/// Lines in order; the same line may come several times.
async fn rows(shell: &Shell<'_>, name: &str, command: &str, cases: &mut Cases) -> Option<Vec<String>> {
    let started = Instant::now();
    let printed = shell.run(command, None).await.map(|text| {
        let mut rows: Vec<String> = text.lines().map(str::to_owned).filter(|it| !it.is_empty()).collect();
        rows.sort_unstable();
        rows
    });
    cases.note(name, started, printed)
}

/// What is in `all` and not in `others`, each as often as it is there more often. Both are in order.
fn without(all: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.iter().peekable();
    let mut left = Vec::new();
    for row in all {
        while others.next_if(|it| *it < row).is_some() {}
        if others.next_if(|it| *it == row).is_none() {
            left.push(row.clone());
        }
    }
    left
}

fn missing(which: &str, rows: &[String]) -> Result<(), String> {
    if rows.is_empty() {
        return Ok(());
    }
    let named: Vec<String> =
        rows.iter().take(NAMED_MAX).map(|it| format!("`{}`", it.escape_debug())).collect();
    let more = match rows.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Err(format!("rows that {which} are not there: {}{more}", named.join(", ")))
}

#[cfg(test)]
mod tests;
