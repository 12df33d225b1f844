//! The error budget beside any judge: while it burns too fast, harm is done, whatever the version replaced does.

use shipway_analysis::burn::{Action, Burn, Objective, Rule, Trigger};
use shipway_model::analysis::{Block, Decision, Verdict};
use shipway_model::resource::strategy::{BurnRule, OnHarm, Slo};
use shipway_runtime::driver::{Assessment, Judging};

/// A judge, and the budget of the canary that it judges.
pub(super) struct Budgeted {
    judge: Box<dyn Judging>,
    burn: Burn,
    /// The weightiest rule that has fired so far, with its sentence.
    fired: Option<(Action, String)>,
}

impl Budgeted {
    pub(super) fn new(judge: Box<dyn Judging>, slo: &Slo) -> Result<Self, String> {
        let mut objective = Objective { objective: slo.availability / 100.0, ..Objective::default() };
        if !slo.rules.is_empty() {
            objective.rules = slo.rules.iter().map(rule).collect();
        }
        let burn = Burn::new(objective).map_err(|it| it.to_string())?;
        Ok(Self { judge, burn, fired: None })
    }

    fn with_budget(&self, mut verdict: Verdict) -> Assessment {
        let Some((action, sentence)) = &self.fired else { return Assessment { verdict, is_final: false } };
        verdict.reasons.insert(0, sentence.clone());
        let is_final = match action {
            Action::Tell => false,
            Action::Hold => {
                verdict.decision = Decision::NoVerdict;
                true
            }
            Action::Rollback => {
                verdict.decision = Decision::Harmful;
                true
            }
        };
        Assessment { verdict, is_final }
    }
}

impl Judging for Budgeted {
    fn take(&mut self, block: &Block) {
        self.judge.take(block);
        let end_s = block.start.saturating_add(block.length).duration().as_secs_f64();
        // A block with more errors than requests is the judge's to complain of.
        let triggers =
            self.burn.observe(end_s, block.canary.requests, block.canary.errors).unwrap_or_default();
        for trigger in triggers {
            if self.fired.as_ref().is_none_or(|(action, _)| trigger.action > *action) {
                self.fired = Some((trigger.action, told(&trigger)));
            }
        }
    }

    fn assess(&self) -> Assessment {
        let assessed = self.judge.assess();
        // Harm by evidence needs no second reason.
        if assessed.verdict.decision == Decision::Harmful {
            return assessed;
        }
        let is_final = assessed.is_final;
        let Assessment { verdict, is_final: is_burnt } = self.with_budget(assessed.verdict);
        Assessment { verdict, is_final: is_final || is_burnt }
    }

    fn conclude(&self) -> Verdict {
        let verdict = self.judge.conclude();
        if verdict.decision == Decision::Harmful { verdict } else { self.with_budget(verdict).verdict }
    }
}

fn rule(it: &BurnRule) -> Rule {
    Rule {
        long_s: it.long.duration().as_secs_f64(),
        short_s: it.short.duration().as_secs_f64(),
        burn_rate: it.burn_rate,
        failures_min: it.min_failures,
        action: match it.action {
            OnHarm::Rollback => Action::Rollback,
            OnHarm::Hold => Action::Hold,
            OnHarm::Tell => Action::Tell,
        },
    }
}

fn told(trigger: &Trigger) -> String {
    let Trigger { long_burn_rate, short_burn_rate, hours_to_exhaustion, .. } = trigger;
    format!(
        "the error budget burns {long_burn_rate:.1} times as fast as it may, and {short_burn_rate:.1} times now: it is gone in \
         {hours_to_exhaustion:.1} hours"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shipway_model::resource::strategy::Analysis;

    use super::super::shipway::tests::{arm, block};

    fn judged(rule: serde_json::Value, errors: u64) -> super::Assessment {
        let rule: Analysis = serde_json::from_value(rule).unwrap();
        let mut judging = super::super::open(&rule).unwrap();
        for number in 0..6 {
            judging.take(&block(number, arm(500, errors), arm(500, errors)));
        }
        judging.assess()
    }

    /// Both versions fail alike, so that no judge that compares them finds anything. Without an `expected` decision it has
    /// to be the judge's own.
    fn check(errors: u64, action: &str, expected: Option<super::Decision>) {
        let rules = json!([{"long": "1m", "short": "20s", "burnRate": 10, "action": action}]);
        let assessed = judged(json!({"slo": {"availability": 99.9, "rules": rules}}), errors);
        let alone = judged(json!({}), errors);
        assert_ne!(alone.verdict.decision, super::Decision::Harmful);
        assert_eq!(
            (assessed.verdict.decision, assessed.is_final),
            expected.map_or((alone.verdict.decision, alone.is_final), |it| (it, true)),
            "{:?}",
            assessed.verdict
        );
        let is_told = assessed.verdict.reasons[0].starts_with("the error budget burns");
        assert_eq!(is_told, errors > 5, "{:?}", assessed.verdict);
    }

    #[test]
    fn a_burning_budget_does_what_its_rule_says() {
        check(25, "rollback", Some(super::Decision::Harmful));
        check(25, "hold", Some(super::Decision::NoVerdict));
        check(25, "tell", None);
        check(2, "rollback", None);
    }
}
