//! Which tests a change calls for, what is left out and what that risks, and who runs which.
//!
//! A test is chosen when it has run a file that the change touches, when nothing is known of what it runs, or when it failed
//! last. A change that touches a file which no test is known to run chooses everything: nobody can say what depends on it. A
//! test that is left out would have failed with the chance of its past, `(failures + ½) / (runs + 1)` (R. E. Krichevsky and
//! V. K. Trofimov, *IEEE Trans. Inf. Theory* 27, 1981), as if the change had no part in it; the risk of all is that at least
//! one of them fails, as if they failed independently of each other.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::evidence::FileChange;

/// What each test has run: the paths of files by the test's name.
pub type CoverageMap = BTreeMap<String, BTreeSet<String>>;

/// What is known of a test's past.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Past {
    pub runs: u64,
    pub failed: u64,
    pub failed_last: bool,
    pub duration_s: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    pub selected: Vec<Selected>,
    pub left_out: Vec<LeftOut>,
    /// That at least one of those left out would have failed, 0 to 1.
    pub risk: f64,
    /// Files of the change that no test is known to run: they are why everything is chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_files: Vec<String>,
    /// As equal in time as they can be put together at once.
    pub shards: Vec<Shard>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Selected {
    pub test: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    pub test: String,
    /// That it would have failed, 0 to 1.
    pub risk: f64,
    /// Of the runs that this is told from.
    pub runs: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    pub expected_s: f64,
    pub tests: Vec<String>,
}

/// Chooses among the tests of the map and of the past. Files that begin like one of `ignored` call for no test.
pub fn select(
    map: &CoverageMap,
    past: &BTreeMap<String, Past>,
    changes: &[FileChange],
    ignored: &[String],
    n_shards: usize,
) -> Selection {
    let touched: BTreeSet<&str> = changes
        .iter()
        .map(|it| it.path.as_str())
        .filter(|path| !ignored.iter().any(|it| path.starts_with(it.as_str())))
        .collect();
    let runs_it = |path: &&str| map.values().any(|files| files.iter().any(|it| same_file(it, path)));
    let unknown: Vec<String> = touched.iter().filter(|it| !runs_it(it)).map(|it| (*it).to_owned()).collect();
    let tests: BTreeSet<&String> = map.keys().chain(past.keys()).collect();
    let (mut selected, mut left_out) = (Vec::new(), Vec::new());
    for test in tests {
        let known = past.get(test).copied().unwrap_or_default();
        match why(map.get(test), &touched, &known, &unknown) {
            Some(why) => selected.push(Selected { test: test.clone(), why }),
            None => {
                let risk = (known.failed as f64 + 0.5) / (known.runs as f64 + 1.0);
                left_out.push(LeftOut { test: test.clone(), risk, runs: known.runs });
            }
        }
    }
    left_out.sort_by(|a, b| b.risk.total_cmp(&a.risk).then_with(|| a.test.cmp(&b.test)));
    let none_fails: f64 = left_out.iter().map(|it| 1.0 - it.risk).product();
    let shards = shards(&selected, past, n_shards);
    Selection { selected, left_out, risk: 1.0 - none_fails, unknown_files: unknown, shards }
}

fn why(
    files: Option<&BTreeSet<String>>,
    touched: &BTreeSet<&str>,
    past: &Past,
    unknown: &[String],
) -> Option<String> {
    let Some(files) = files else { return Some("nobody knows what it runs".to_owned()) };
    if let Some(path) = touched.iter().find(|path| files.iter().any(|it| same_file(it, path))) {
        return Some(format!("it runs {path}"));
    }
    if let Some(path) = unknown.first() {
        return Some(format!("nobody knows what runs {path}"));
    }
    past.failed_last.then(|| "it failed last".to_owned())
}

/// Coverage tools write paths from wherever they ran; one that ends with the other, at a folder, is the same file.
fn same_file(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let short = short.trim_start_matches("./");
    let rest = long.strip_suffix(short);
    !short.is_empty() && rest.is_some_and(|it| it.is_empty() || it.ends_with('/'))
}

/// The longest first, each to whoever has least to do (R. L. Graham, *SIAM J. Appl. Math.* 17, 1969: at most a third longer
/// than the best there is). A test whose time is not known takes the mean of the others.
fn shards(selected: &[Selected], past: &BTreeMap<String, Past>, n: usize) -> Vec<Shard> {
    let known =
        |test: &str| past.get(test).and_then(|it| it.duration_s).filter(|it| it.is_finite() && *it >= 0.0);
    let times: Vec<f64> = selected.iter().filter_map(|it| known(&it.test)).collect();
    let mean = if times.is_empty() { 1.0 } else { times.iter().sum::<f64>() / times.len() as f64 };
    let mut tests: Vec<(f64, &str)> =
        selected.iter().map(|it| (known(&it.test).unwrap_or(mean), it.test.as_str())).collect();
    tests.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut shards = vec![Shard::default(); n.max(1)];
    for (time, test) in tests {
        let idlest = shards.iter_mut().min_by(|a, b| a.expected_s.total_cmp(&b.expected_s));
        let shard = idlest.expect("there is at least one");
        shard.expected_s += time;
        shard.tests.push(test.to_owned());
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> CoverageMap {
        let of = |files: &[&str]| files.iter().map(|it| (*it).to_owned()).collect();
        BTreeMap::from([
            ("adds".to_owned(), of(&["src/sum.rs"])),
            ("pays".to_owned(), of(&["/build/shop/src/pay.rs", "src/sum.rs"])),
            ("shows".to_owned(), of(&["src/page.rs"])),
        ])
    }

    fn change(path: &str) -> FileChange {
        FileChange { path: path.to_owned(), ..FileChange::default() }
    }

    fn names(selection: &Selection) -> Vec<&str> {
        selection.selected.iter().map(|it| it.test.as_str()).collect()
    }

    #[test]
    fn what_runs_a_touched_file_is_chosen_and_the_rest_has_a_risk() {
        let past = BTreeMap::from([
            ("shows".to_owned(), Past { runs: 99, failed: 0, failed_last: false, duration_s: Some(1.0) }),
            ("new".to_owned(), Past { runs: 1, ..Past::default() }),
        ]);
        let selection = select(&map(), &past, &[change("src/pay.rs")], &[], 1);
        assert_eq!(names(&selection), ["new", "pays"], "nobody knows what `new` runs");
        let left: Vec<_> = selection.left_out.iter().map(|it| (it.test.as_str(), it.risk)).collect();
        assert_eq!(left, [("adds", 0.5), ("shows", 0.005)]);
        assert!((selection.risk - (1.0 - 0.5 * 0.995)).abs() < 1e-12, "{}", selection.risk);
    }

    #[test]
    fn a_file_that_nobody_is_known_to_run_chooses_everything() {
        let everything = select(&map(), &BTreeMap::new(), &[change("Cargo.lock")], &[], 1);
        assert_eq!((names(&everything).len(), everything.risk), (3, 0.0));
        assert_eq!(everything.unknown_files, ["Cargo.lock"]);
        let nothing = select(&map(), &BTreeMap::new(), &[change("docs/a.md")], &["docs/".to_owned()], 1);
        assert_eq!((names(&nothing).len(), nothing.left_out.len()), (0, 3));
    }

    #[test]
    fn what_failed_last_is_run_again() {
        let past = BTreeMap::from([("shows".to_owned(), Past { failed_last: true, ..Past::default() })]);
        assert_eq!(names(&select(&map(), &past, &[change("src/pay.rs")], &[], 1)), ["pays", "shows"]);
    }

    #[test]
    fn names_of_files_are_compared_from_a_folder_on() {
        assert!(same_file("/build/src/a.rs", "src/a.rs") && same_file("src/a.rs", "./src/a.rs"));
        assert!(!same_file("src/aa.rs", "a.rs") && !same_file("", "a.rs"));
    }

    #[test]
    fn shards_are_even_by_time() {
        let time = |it| Past { duration_s: Some(it), ..Past::default() };
        let past: BTreeMap<String, Past> = [("a", 5.0), ("b", 4.0), ("c", 3.0), ("d", 3.0), ("e", 3.0)]
            .map(|(name, it)| (name.to_owned(), time(it)))
            .into();
        let selection = select(&CoverageMap::new(), &past, &[], &[], 2);
        let times: Vec<f64> = selection.shards.iter().map(|it| it.expected_s).collect();
        assert_eq!(times, [8.0, 10.0]);
        let all: usize = selection.shards.iter().map(|it| it.tests.len()).sum();
        assert_eq!(all, 5);
    }
}
