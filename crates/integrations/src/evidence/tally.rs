//! Covered lines, branches and functions by file, as coverage formats tell of them.

use std::collections::BTreeMap;

use shipway_model::evidence::{Coverage, FileCoverage, Normal, Ratio};

use super::ENTRIES_MAX;

/// Most lines that are told apart in one document.
const LINES_MAX: usize = 20_000_000;

/// What is known of all files so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    files: BTreeMap<String, File>,
    n_lines: usize,
}

/// What is known of one file so far.
#[derive(Debug, Default)]
pub(super) struct File {
    hits: BTreeMap<u32, u64>,
    /// Covered and all branches by line.
    branches: BTreeMap<u32, Ratio>,
    functions: BTreeMap<String, bool>,
    /// What the document counts itself, where it does not tell lines apart.
    pub(super) counted: FileCoverage,
}

impl Tally {
    /// The file of this path.
    fn file(&mut self, path: &str) -> &mut File {
        // The key is copied for a new file alone.
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), File::default());
        }
        self.files.get_mut(path).expect("it was inserted")
    }

    /// Takes a file that was filled apart.
    ///
    /// # Errors
    /// There are too many lines.
    pub(super) fn add(&mut self, path: &str, file: File) -> Result<(), String> {
        self.n_lines += file.hits.len();
        if self.n_lines > LINES_MAX {
            return Err(format!("the document tells of more than {LINES_MAX} lines"));
        }
        let known = self.file(path);
        for (line, hits) in file.hits {
            known.add_hits(line, hits);
        }
        for (line, ratio) in file.branches {
            known.see_branches(line, ratio);
        }
        for (name, is_covered) in file.functions {
            known.see_function(&name, is_covered);
        }
        known.counted = FileCoverage {
            lines: file.counted.lines.or(known.counted.lines),
            branches: file.counted.branches.or(known.counted.branches),
            functions: file.counted.functions.or(known.counted.functions),
            ..FileCoverage::default()
        };
        Ok(())
    }

    /// Writes the coverage, with the sums of the files as totals.
    pub(super) fn finish(self, normal: &mut Normal) {
        let mut coverage = Coverage::default();
        let n_beyond = self.files.len().saturating_sub(ENTRIES_MAX);
        for (path, file) in self.files {
            let file = file.finish(path);
            add(&mut coverage.lines, file.lines);
            add(&mut coverage.branches, file.branches);
            add(&mut coverage.functions, file.functions);
            if coverage.files.len() < ENTRIES_MAX {
                coverage.files.push(file);
            }
        }
        if n_beyond > 0 {
            normal.omitted.insert("coverage.files".to_owned(), n_beyond as u64);
        }
        normal.coverage = Some(coverage);
    }
}

impl File {
    /// Another run of the same line: runs add up.
    pub(super) fn add_hits(&mut self, line: u32, hits: u64) {
        let known = self.hits.entry(line).or_default();
        *known = known.saturating_add(hits);
    }

    /// Another telling of the same runs: the higher count holds.
    pub(super) fn see_hits(&mut self, line: u32, hits: u64) {
        let known = self.hits.entry(line).or_default();
        *known = hits.max(*known);
    }

    /// What was told of its lines does not tell them apart.
    pub(super) fn forget_hits(&mut self) {
        self.hits.clear();
    }

    /// The fuller telling of a line's branches holds.
    pub(super) fn see_branches(&mut self, line: u32, ratio: Ratio) {
        let known = self.branches.entry(line).or_default();
        *known = Ratio { covered: known.covered.max(ratio.covered), total: known.total.max(ratio.total) };
    }

    /// Another branch of a line.
    pub(super) fn add_branch(&mut self, line: u32, is_covered: bool) {
        let known = self.branches.entry(line).or_default();
        *known = Ratio { covered: known.covered + u64::from(is_covered), total: known.total + 1 };
    }

    pub(super) fn see_function(&mut self, name: &str, is_covered: bool) {
        match self.functions.get_mut(name) {
            Some(known) => *known |= is_covered,
            None => drop(self.functions.insert(name.to_owned(), is_covered)),
        }
    }

    fn finish(self, path: String) -> FileCoverage {
        let lines = ratio(self.hits.values().map(|it| *it > 0));
        let functions = ratio(self.functions.values().copied());
        let mut branches = None;
        self.branches.values().for_each(|it| add(&mut branches, Some(*it)));
        FileCoverage {
            path,
            lines: self.counted.lines.or(lines),
            branches: self.counted.branches.or(branches),
            functions: self.counted.functions.or(functions),
            hits: self.hits,
        }
    }
}

/// None where there is nothing to cover.
fn ratio(covered: impl ExactSizeIterator<Item = bool>) -> Option<Ratio> {
    let total = covered.len() as u64;
    (total > 0).then(|| Ratio { covered: covered.filter(|it| *it).count() as u64, total })
}

fn add(sum: &mut Option<Ratio>, part: Option<Ratio>) {
    if let Some(Ratio { covered, total }) = part {
        let known = sum.get_or_insert_default();
        known.covered = known.covered.saturating_add(covered);
        known.total = known.total.saturating_add(total);
    }
}
