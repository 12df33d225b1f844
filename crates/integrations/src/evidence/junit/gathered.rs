//! The cases of a document, each once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::suite::{Declared, Seen, Suite};
use super::{MESSAGES_MAX, Normal, Tests};
use crate::evidence::gathered::Kept;
use crate::evidence::remarks::remark;
use shipway_model::evidence::{Case, CaseResult};

#[derive(Default)]
pub(super) struct Gathered {
    cases: Kept<Case>,
    /// Where a case is, by the hash of its names; 20 bytes or so for each.
    places: HashMap<u64, usize>,
    /// What is in no list: suites without cases, and cases beyond the limit.
    beyond: Tests,
    n_messages: usize,
    n_messages_beyond: u64,
    duration_s: Option<f64>,
    remarks: Vec<String>,
}

impl Gathered {
    pub(super) fn take(&mut self, mut case: Case) {
        if case.message.is_some() {
            self.n_messages += 1;
            if self.n_messages > MESSAGES_MAX {
                self.n_messages_beyond += 1;
                case.message = None;
            }
        }
        let key = key(&case);
        if let Some(earlier) = self.places.get(&key).map(|it| &mut self.cases.entries[*it])
            && same(earlier, &case)
        {
            return rerun(earlier, case);
        }
        // What is beyond is the rest of the document, and not what happens to be too long.
        let refused = match self.cases.omitted() {
            0 => self.cases.try_push(case),
            _ => Err(case),
        };
        match refused {
            Ok(()) => drop(self.places.insert(key, self.cases.entries.len() - 1)),
            Err(case) => {
                self.cases.omit(1);
                count(&mut self.beyond, &case);
            }
        }
    }

    /// Compares what a suite says with what was seen of it, and hands it on to the suite around it.
    pub(super) fn end_suite(&mut self, suite: &Suite, outer: Option<&mut Suite>) {
        let unlisted = suite.unlisted();
        self.note(suite, &unlisted);
        for (sum, part) in [
            (&mut self.beyond.total, unlisted.total),
            (&mut self.beyond.passed, unlisted.passed),
            (&mut self.beyond.failed, unlisted.failed),
            (&mut self.beyond.errors, unlisted.errors),
            (&mut self.beyond.skipped, unlisted.skipped),
        ] {
            *sum = sum.saturating_add(part);
        }
        let duration_s = suite.duration_s.or(suite.parts_s);
        match outer {
            Some(outer) => {
                outer.n_suites += 1;
                outer.seen.add(&suite.seen);
                outer.seen.add(&Seen {
                    cases: unlisted.total,
                    faults: unlisted.failed.saturating_add(unlisted.errors),
                    skipped: unlisted.skipped,
                });
                outer.add_duration(duration_s);
            }
            None => self.duration_s = duration_s,
        }
    }

    fn note(&mut self, suite: &Suite, unlisted: &Tests) {
        let Declared { failures, errors, skipped, .. } = suite.declared;
        let name = if suite.path.is_empty() { "the document" } else { &suite.path };
        if suite.lists_nothing() {
            if unlisted.total > 0 {
                let total = unlisted.total;
                remark(&mut self.remarks, || format!("{name} counts {total} tests and lists none"));
            }
            return;
        }
        if unlisted.errors > 0 {
            let (bad, seen) = (failures.saturating_add(errors), suite.seen.faults);
            remark(&mut self.remarks, || {
                format!(
                    "{name} counts {bad} failures and errors, its cases show {seen}: the others count as errors"
                )
            });
        }
        if unlisted.skipped > 0 {
            let seen = suite.seen.skipped;
            remark(&mut self.remarks, || {
                format!("{name} counts {skipped} tests that were skipped, its cases show {seen}")
            });
        }
    }

    pub(super) fn finish(self, normal: &mut Normal) {
        let mut tests = self.beyond;
        self.cases.entries.iter().for_each(|it| count(&mut tests, it));
        tests.duration_s = self.duration_s;
        tests.cases = self.cases.finish("tests.cases", normal);
        if self.n_messages_beyond > 0 {
            normal.omitted.insert("tests.cases.message".to_owned(), self.n_messages_beyond);
        }
        normal.remarks.extend(self.remarks);
        normal.tests = Some(tests);
    }
}

fn count(tests: &mut Tests, case: &Case) {
    tests.total += 1;
    tests.flaky += u64::from(case.flaky);
    let of_result = match case.result {
        CaseResult::Passed => &mut tests.passed,
        CaseResult::Failed => &mut tests.failed,
        CaseResult::Error => &mut tests.errors,
        CaseResult::Skipped => &mut tests.skipped,
    };
    *of_result += 1;
}

/// The same test again: its last result holds, and what went wrong before makes a pass flaky.
fn rerun(earlier: &mut Case, case: Case) {
    let went_wrong = |it: &Case| it.flaky || matches!(it.result, CaseResult::Failed | CaseResult::Error);
    let flaky = case.result == CaseResult::Passed && (went_wrong(earlier) || case.flaky);
    let message = case.message.clone().or_else(|| earlier.message.take());
    let duration_s = match (earlier.duration_s, case.duration_s) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    };
    // It is the same test, so it stands in the same file; and what is kept of it does not grow.
    let file = earlier.file.take();
    *earlier = Case { flaky, message, duration_s, file, ..case };
}

fn key(case: &Case) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&case.suite, &case.class, &case.name).hash(&mut hasher);
    hasher.finish()
}

fn same(one: &Case, other: &Case) -> bool {
    !one.name.is_empty() && one.name == other.name && one.class == other.class && one.suite == other.suite
}
