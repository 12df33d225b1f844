//! The rule over past deployments of which the truth is known: would it have acted, and rightly?

use serde::{Deserialize, Serialize};
use shipway_model::analysis::Decision;

use crate::canary::Answer;
use crate::simulation::{Interval, wilson};

/// What stands ahead of the lines of a past deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Such as `shop@1.2.0`; the name of the file when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    pub truth: Truth,
}

/// What was found out about a deployment afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    Harmful,
    Harmless,
}

/// One deployment, and what the rule would have done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    pub deployment: String,
    pub truth: Truth,
    pub decision: Decision,
    pub decided_at_s: Option<f64>,
    pub canary_requests: u64,
    pub outcome: Outcome,
    /// The weightiest of the judge's.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A harmful one called harmful, or a harmless one healthy.
    Right,
    /// The other way round.
    Wrong,
    /// Undecided or no verdict: whatever was the rule without the judge would have applied.
    Open,
}

/// All cases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Backtest {
    pub confusion: Confusion,
    /// Of the harmful ones.
    pub taken_back: Interval,
    pub let_pass: Interval,
    /// Of the harmless ones.
    pub falsely_taken_back: Interval,
    pub promoted: Interval,
    /// Median over the harmful ones that would have been taken back, from the first line on.
    pub seconds_to_rollback: Option<f64>,
    pub cases: Vec<Case>,
}

/// How many of either truth got which decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    pub harmful: Row,
    pub harmless: Row,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    pub harmful: u64,
    pub healthy: u64,
    pub undecided: u64,
    pub no_verdict: u64,
}

impl Case {
    pub fn new(deployment: String, truth: Truth, answer: &Answer) -> Self {
        let outcome = match (truth, answer.decision) {
            (Truth::Harmful, Decision::Harmful) | (Truth::Harmless, Decision::Healthy) => Outcome::Right,
            (Truth::Harmful, Decision::Healthy) | (Truth::Harmless, Decision::Harmful) => Outcome::Wrong,
            (_, Decision::Undecided | Decision::NoVerdict) => Outcome::Open,
        };
        Self {
            deployment,
            truth,
            decision: answer.decision,
            decided_at_s: answer.decided_at_s,
            canary_requests: answer.canary_requests,
            outcome,
            reason: answer.reasons.first().cloned().unwrap_or_default(),
        }
    }
}

impl Row {
    fn count(&mut self, decision: Decision) {
        match decision {
            Decision::Harmful => self.harmful += 1,
            Decision::Healthy => self.healthy += 1,
            Decision::Undecided => self.undecided += 1,
            Decision::NoVerdict => self.no_verdict += 1,
        }
    }

    pub fn total(&self) -> u64 {
        self.harmful + self.healthy + self.undecided + self.no_verdict
    }
}

impl Backtest {
    /// Adds up the cases; the intervals are Wilson's, at 95 %.
    pub fn of(cases: Vec<Case>) -> Self {
        let mut confusion = Confusion::default();
        let mut seconds = Vec::new();
        for case in &cases {
            match case.truth {
                Truth::Harmful => confusion.harmful.count(case.decision),
                Truth::Harmless => confusion.harmless.count(case.decision),
            }
            if case.truth == Truth::Harmful && case.decision == Decision::Harmful {
                seconds.extend(case.decided_at_s);
            }
        }
        seconds.sort_unstable_by(f64::total_cmp);
        let Confusion { harmful, harmless } = confusion;
        Self {
            confusion,
            taken_back: wilson(harmful.harmful, harmful.total()),
            let_pass: wilson(harmful.healthy, harmful.total()),
            falsely_taken_back: wilson(harmless.harmful, harmless.total()),
            promoted: wilson(harmless.healthy, harmless.total()),
            seconds_to_rollback: seconds.get(seconds.len() / 2).copied(),
            cases,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_by_truth_and_decision() {
        let case = |truth, decision| {
            let answer = Answer {
                decision,
                decided_at_s: Some(40.0),
                canary_requests: 9,
                log_e_value: 0.0,
                log_e_value_needed: 0.0,
                metrics: Vec::new(),
                watch: None,
                reasons: vec!["because".to_owned()],
            };
            Case::new("it".to_owned(), truth, &answer)
        };
        let found = Backtest::of(vec![
            case(Truth::Harmful, Decision::Harmful),
            case(Truth::Harmful, Decision::Undecided),
            case(Truth::Harmless, Decision::Healthy),
            case(Truth::Harmless, Decision::Harmful),
        ]);
        let outcomes: Vec<Outcome> = found.cases.iter().map(|it| it.outcome).collect();
        assert_eq!(outcomes, [Outcome::Right, Outcome::Open, Outcome::Right, Outcome::Wrong]);
        assert_eq!(found.confusion.harmful, Row { harmful: 1, undecided: 1, ..Row::default() });
        assert!((found.falsely_taken_back.estimate - 0.5).abs() < 1e-12);
        assert_eq!(found.seconds_to_rollback, Some(40.0));
    }
}
