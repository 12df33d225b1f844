//! The lines that a change touches, among those that tests reached.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::EvidenceId;
use shipway_model::evidence::{FileChange, FileCoverage, Normal, Ratio};

/// How many of the changed lines that can be covered were. Lines that no report knows, such as comments and documents,
/// cannot be.
///
/// # Errors
/// A sentence: a report knows a changed file and does not tell its lines apart, or two of its files could be meant.
pub(super) fn covered(
    changes: &[(EvidenceId, &Normal)],
    reports: &[(EvidenceId, &Normal)],
) -> Result<Ratio, String> {
    let mut changed: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for file in changes.iter().flat_map(|(_, it)| it.changes.iter().flatten()).filter(|it| !it.removed) {
        changed.entry(&file.path).or_default().extend(lines(file));
    }
    let files: Vec<&FileCoverage> =
        reports.iter().filter_map(|(_, it)| it.coverage.as_ref()).flat_map(|it| &it.files).collect();
    let mut sum = Ratio::default();
    for (path, lines) in changed {
        let hits = hits(path, &files)?;
        for n_runs in lines.iter().filter_map(|it| hits.get(it)) {
            sum.total += 1;
            sum.covered += u64::from(*n_runs > 0);
        }
    }
    Ok(sum)
}

fn lines(file: &FileChange) -> impl Iterator<Item = u32> + '_ {
    file.lines.iter().flat_map(|it| it.first..=it.last)
}

/// How often each line of a file ran, all reports together.
fn hits(path: &str, files: &[&FileCoverage]) -> Result<BTreeMap<u32, u64>, String> {
    let mut hits: BTreeMap<u32, u64> = BTreeMap::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for file in files.iter().filter(|it| is_same(path, &it.path)) {
        names.insert(&file.path);
        if file.hits.is_empty() && file.lines.is_some_and(|it| it.total > 0) {
            return Err(format!("the coverage report does not tell the lines of {path} apart"));
        }
        for (line, n_runs) in &file.hits {
            let known = hits.entry(*line).or_default();
            *known = known.saturating_add(*n_runs);
        }
    }
    // A report of modules that begin with the same folders inside: which one has changed is not to be guessed.
    match names.len() {
        0 | 1 => Ok(hits),
        _ => Err(format!("{path} could be any of {}", names.into_iter().collect::<Vec<_>>().join(", "))),
    }
}

/// Reports name files from another folder than the change does: from the root of the machine, or from that of a module.
fn is_same(changed: &str, reported: &str) -> bool {
    let ends_with = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let reported = reported.trim_start_matches("./");
    ends_with(reported, changed) || ends_with(changed, reported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_end_of_its_path() {
        assert!(is_same("src/a.rs", "src/a.rs"));
        assert!(is_same("src/a.rs", "/home/ci/shop/src/a.rs"));
        assert!(is_same("shop/src/a.rs", "./src/a.rs"));
        assert!(!is_same("src/a.rs", "src/aa.rs"));
        assert!(!is_same("src/a.rs", "src/b/a.rs"));
        assert!(!is_same("a.rs", "data.rs"));
    }
}
