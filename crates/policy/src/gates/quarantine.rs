//! Tests that are set aside: which count for a gate, and what they hide.

use std::borrow::Cow;

use jiff::Timestamp;
use shipway_model::evidence::{Case, CaseResult, Tests};

use crate::counting::View;
use crate::facts::Quarantined;

/// A quarantine that counts for the gate.
pub(super) struct Aside<'a>(&'a Quarantined);

/// Those of the service that are in force. Where evidence has to be independent, so has whoever sets tests aside.
pub(super) fn in_force<'a>(view: &View<'a>) -> Vec<Aside<'a>> {
    let counts = |it: &&Quarantined| {
        it.quarantine.service == *view.service
            && it.quarantine.until > view.facts.at
            && !(view.gate.independent && view.is_maker(&it.by))
    };
    view.facts.quarantines.iter().filter(counts).map(Aside).collect()
}

impl Aside<'_> {
    pub(super) fn until(&self) -> Timestamp {
        self.0.quarantine.until
    }

    pub(super) fn covers(&self, case: &Case) -> bool {
        self.0.quarantine.covers(case)
    }

    pub(super) fn names(&self, suite: &str, test: &str) -> bool {
        let it = &self.0.quarantine;
        it.test == test && it.suite.as_ref().is_none_or(|own| own == suite)
    }

    fn told(&self, case: &Case) -> String {
        format!("{} › {} failed, in quarantine until {} ({})", case.suite, case.name, self.until(), self.0.id)
    }
}

/// A report without the tests that are set aside, the failures that this hides, and until when.
pub(super) fn without<'a>(
    tests: &'a Tests,
    aside: &[Aside<'_>],
) -> (Cow<'a, Tests>, Vec<String>, Option<Timestamp>) {
    let (mut hidden, mut until) = (Vec::new(), None);
    if aside.is_empty() {
        return (Cow::Borrowed(tests), hidden, until);
    }
    let mut kept = tests.clone();
    kept.cases.retain(|case| {
        let Some(held) = aside.iter().find(|it| it.covers(case)) else { return true };
        let count = match case.result {
            CaseResult::Passed => &mut kept.passed,
            CaseResult::Failed => &mut kept.failed,
            CaseResult::Error => &mut kept.errors,
            CaseResult::Skipped => &mut kept.skipped,
        };
        *count = count.saturating_sub(1);
        kept.total = kept.total.saturating_sub(1);
        kept.flaky = kept.flaky.saturating_sub(u64::from(case.flaky));
        if matches!(case.result, CaseResult::Failed | CaseResult::Error) {
            hidden.push(held.told(case));
            until = Some(until.map_or(held.until(), |it: Timestamp| it.min(held.until())));
        }
        false
    });
    (Cow::Owned(kept), hidden, until)
}
