//! Other policies over what was recorded: what they would have stopped and let pass, and how well.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_api::view::backtest::{BacktestView, Ending, Judged, Trial};
use shipway_model::gate::Requirement;
use shipway_model::release::ReleaseRef;
use shipway_model::{Millis, Name, RolloutId};

/// Most sentences that are kept of what a trial misses.
const REASONS_MAX: usize = 3;

/// Takes in askings one by one and keeps a few words of each rollout.
#[derive(Default)]
pub(crate) struct Backtest {
    n_decisions: usize,
    n_lost: usize,
    rollouts: BTreeMap<RolloutId, History>,
}

/// One recorded asking, and what the proposed policies say to its facts.
pub(crate) struct Asking<'a> {
    pub(crate) rollout: RolloutId,
    pub(crate) release: &'a ReleaseRef,
    pub(crate) environment: &'a Name,
    pub(crate) at: Timestamp,
    pub(crate) ending: Ending,
    /// What was said then.
    pub(crate) passed: bool,
    pub(crate) requirements: &'a [Requirement],
}

struct History {
    release: ReleaseRef,
    environment: Name,
    last: Timestamp,
    ending: Ending,
    /// When they passed first.
    passed: Option<Timestamp>,
    would_pass: Option<Timestamp>,
    reasons: Vec<String>,
}

impl Backtest {
    /// Askings of one rollout come in their order.
    pub(crate) fn add(&mut self, asking: &Asking<'_>) {
        self.n_decisions += 1;
        let history = self.rollouts.entry(asking.rollout).or_insert_with(|| History {
            release: asking.release.clone(),
            environment: asking.environment.clone(),
            last: asking.at,
            ending: asking.ending,
            passed: None,
            would_pass: None,
            reasons: Vec::new(),
        });
        history.last = asking.at;
        if asking.passed {
            history.passed.get_or_insert(asking.at);
        }
        if super::passes(asking.requirements) {
            history.would_pass.get_or_insert(asking.at);
        } else {
            history.reasons = reasons(asking.requirements);
        }
    }

    /// A decision whose facts are gone.
    pub(crate) fn lose(&mut self) {
        self.n_lost += 1;
    }

    pub(crate) fn conclude(self) -> BacktestView {
        let mut view = BacktestView {
            n_decisions: self.n_decisions,
            n_rollouts: self.rollouts.len(),
            n_lost: self.n_lost,
            stopped: Vec::new(),
            let_through: Vec::new(),
            judged: Judged::default(),
            waited_longer: Millis::ZERO,
            waited_shorter: Millis::ZERO,
        };
        for (rollout, history) in self.rollouts {
            view.judged = judge(view.judged, &history);
            match (history.passed, history.would_pass) {
                (Some(was), Some(is)) => {
                    let ms = |from: Timestamp, to: Timestamp| {
                        u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
                    };
                    view.waited_longer.0 += ms(was, is);
                    view.waited_shorter.0 += ms(is, was);
                }
                (Some(_), None) => view.stopped.push(history.into_trial(rollout)),
                (None, Some(_)) => view.let_through.push(history.into_trial(rollout)),
                (None, None) => {}
            }
        }
        let it = &mut view.judged;
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        it.precision = share(it.stopped_failed, it.stopped_failed + it.stopped_well);
        it.recall = share(it.stopped_failed, it.stopped_failed + it.passed_failed);
        view
    }
}

/// Only what went through has shown how it ends.
fn judge(mut judged: Judged, history: &History) -> Judged {
    if history.passed.is_some() {
        match (history.would_pass.is_some(), history.ending) {
            (false, Ending::Failed) => judged.stopped_failed += 1,
            (false, Ending::Well) => judged.stopped_well += 1,
            (true, Ending::Failed) => judged.passed_failed += 1,
            (true, Ending::Well) => judged.passed_well += 1,
            (_, Ending::Unknown) => {}
        }
    }
    judged
}

fn reasons(requirements: &[Requirement]) -> Vec<String> {
    let unmet = requirements.iter().filter(|it| !it.status.passes());
    let told = unmet.map(|it| {
        let of = it.service.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
        let why = it.reasons.first().map(|it| format!(": {it}")).unwrap_or_default();
        format!("{}{of} is {}{why}", it.gate, it.status.as_str())
    });
    told.take(REASONS_MAX).collect()
}

impl History {
    fn into_trial(self, rollout: RolloutId) -> Trial {
        // What would have passed at last misses nothing any more.
        let reasons = if self.would_pass.is_some() { Vec::new() } else { self.reasons };
        let Self { release, environment, last, ending, .. } = self;
        Trial { rollout, release, environment, at: last, ending, reasons }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn requirement(status: &str) -> Requirement {
        let reasons = ["why"];
        let all = json!({"policy": "p", "gate": "g", "kind": "tests", "status": status, "reasons": reasons});
        serde_json::from_value(all).unwrap()
    }

    /// When, in seconds; what was said; what would be said.
    type Asked = (i64, bool, bool);

    fn run(rollouts: &[(Ending, &[Asked])]) -> BacktestView {
        let release = json!({
            "id": "rel_0198f3c0aa107d21b6c5d4e3f2a19b02", "name": "shop", "version": "1.0.0",
            "digest": shipway_model::Digest::of(b"release"),
        });
        let release: ReleaseRef = serde_json::from_value(release).unwrap();
        let environment: Name = "production".parse().unwrap();
        let mut backtest = Backtest::default();
        for (id, (ending, askings)) in (1_u128..).zip(rollouts) {
            for (second, passed, would) in *askings {
                backtest.add(&Asking {
                    rollout: format!("rol_{id:032x}").parse().unwrap(),
                    release: &release,
                    environment: &environment,
                    at: Timestamp::from_second(*second).unwrap(),
                    ending: *ending,
                    passed: *passed,
                    requirements: &[requirement(if *would { "satisfied" } else { "failed" })],
                });
            }
        }
        backtest.conclude()
    }

    #[test]
    fn precision_and_recall_are_of_rollouts_that_went_through_and_ended() {
        let view = run(&[
            (Ending::Failed, &[(1, true, false)]),
            (Ending::Well, &[(1, true, false)]),
            (Ending::Failed, &[(1, true, true)]),
            (Ending::Well, &[(1, true, true)]),
            (Ending::Unknown, &[(1, true, false)]),
            (Ending::Unknown, &[(1, false, true)]),
        ]);
        assert_eq!((view.n_decisions, view.n_rollouts), (6, 6));
        assert_eq!((view.stopped.len(), view.let_through.len()), (3, 1));
        assert_eq!(view.stopped[0].reasons, ["g is failed: why"]);
        assert_eq!((view.judged.precision, view.judged.recall), (Some(0.5), Some(0.5)));
    }

    #[test]
    fn waiting_is_told_by_the_first_asking_that_would_have_passed() {
        let view = run(&[
            (Ending::Well, &[(0, false, false), (10, true, false), (25, true, true)]),
            (Ending::Well, &[(0, false, true), (40, true, true)]),
        ]);
        assert_eq!((view.waited_longer, view.waited_shorter), (Millis(15_000), Millis(40_000)));
        assert_eq!(view.stopped, []);
    }

    #[test]
    fn nothing_recorded_is_no_perfection() {
        let view = run(&[]);
        assert_eq!((view.judged.precision, view.judged.recall), (None, None));
    }
}
