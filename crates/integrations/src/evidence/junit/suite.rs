//! A suite while it is read.

use shipway_model::evidence::{Case, CaseResult};

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
    /// Its cases and those of the suites within, every run of one.
    pub(super) n_cases: u64,
    pub(super) n_bad: u64,
    pub(super) n_suites: u64,
    /// The durations of its parts.
    pub(super) parts_s: Option<f64>,
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

    pub(super) fn count(&mut self, case: &Case) {
        self.n_cases += 1;
        self.n_bad += u64::from(matches!(case.result, CaseResult::Failed | CaseResult::Error));
        self.add_duration(case.duration_s);
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
