//! A suite while it is read.

use shipway_model::evidence::{Case, CaseResult, Tests};

use super::seconds;
use crate::evidence::Fault;
use crate::evidence::xml::Reader;

/// Which tests it says it has, and which it was seen to have.
#[derive(Debug, Default)]
pub(super) struct Suite {
    /// The names from the outermost suite to this one.
    pub(super) path: String,
    pub(super) created_at: Option<String>,
    pub(super) duration_s: Option<f64>,
    pub(super) declared: Declared,
    pub(super) seen: Seen,
    pub(super) n_suites: u64,
    /// The durations of its parts.
    pub(super) parts_s: Option<f64>,
}

/// What stands in a suite and in the suites within it, every run of a case.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) cases: u64,
    /// Failures and errors; a case may have several, and more of runs that were repeated.
    pub(super) faults: u64,
    pub(super) skipped: u64,
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.cases = self.cases.saturating_add(other.cases);
        self.faults = self.faults.saturating_add(other.faults);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }
}

/// The attributes; many tools leave some out.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Declared {
    pub(super) tests: u64,
    pub(super) failures: u64,
    pub(super) errors: u64,
    pub(super) skipped: u64,
}

impl Suite {
    /// # Errors
    /// A count is no number.
    pub(super) fn begin(xml: &Reader<'_>, outer: Option<&Self>) -> Result<Self, Fault> {
        let name = xml.attribute("name").unwrap_or_default().trim();
        // `<testsuites>` names the run, if anything, and is no part of what a test is called.
        let name = if xml.name() == "testsuites" { "" } else { name };
        let path = match outer.map_or("", |it| &it.path) {
            "" => name.to_owned(),
            outer if name.is_empty() => outer.to_owned(),
            outer => format!("{outer} > {name}"),
        };
        let count = |name: &str| xml.number(name).map(Option::unwrap_or_default);
        let declared = Declared {
            tests: count("tests")?,
            failures: count("failures")?,
            errors: count("errors")?,
            skipped: count("skipped")? + count("disabled")?,
        };
        let text = |name: &str| xml.attribute(name).filter(|it| !it.is_empty()).map(str::to_owned);
        let duration_s = seconds(xml.attribute("time"));
        Ok(Self { path, created_at: text("timestamp"), duration_s, declared, ..Self::default() })
    }

    /// `n_faults` stand in the case.
    pub(super) fn count(&mut self, case: &Case, n_faults: u64) {
        let skipped = u64::from(case.result == CaseResult::Skipped);
        self.seen.add(&Seen { cases: 1, faults: n_faults, skipped });
        self.add_duration(case.duration_s);
    }

    pub(super) fn lists_nothing(&self) -> bool {
        self.seen.cases == 0 && self.n_suites == 0
    }

    /// The tests that it counts and does not list: all of them where it lists none; else what went wrong beside its tests, such as
    /// a package that did not build, and those that were skipped, of which some tools say no more.
    pub(super) fn unlisted(&self) -> Tests {
        let Declared { tests, failures, errors, skipped } = self.declared;
        let bad = failures.saturating_add(errors);
        let mut unlisted = match self.lists_nothing() {
            true => Tests {
                passed: tests.saturating_sub(bad.saturating_add(skipped)),
                failed: failures,
                errors,
                skipped,
                ..Tests::default()
            },
            false => Tests {
                errors: bad.saturating_sub(self.seen.faults),
                skipped: skipped.saturating_sub(self.seen.skipped).min(tests.saturating_sub(self.seen.cases)),
                ..Tests::default()
            },
        };
        let Tests { passed, failed, errors, skipped, .. } = unlisted;
        unlisted.total = [passed, failed, errors, skipped].into_iter().fold(0, u64::saturating_add);
        unlisted
    }

    pub(super) fn add_duration(&mut self, duration_s: Option<f64>) {
        if let Some(it) = duration_s {
            self.parts_s = Some(self.parts_s.unwrap_or_default() + it);
        }
    }

    /// The suite itself as a case that went wrong.
    pub(super) fn as_case(&self, result: CaseResult, message: Option<String>) -> Case {
        Case {
            suite: self.path.clone(),
            class: None,
            name: "(the suite itself)".to_owned(),
            result,
            flaky: false,
            duration_s: None,
            message,
            file: None,
            line: None,
        }
    }
}
