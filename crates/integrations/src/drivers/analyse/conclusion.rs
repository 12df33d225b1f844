//! What a verdict means for the step.
//!
//! | decision | before time is up | when time is up |
//! |---|---|---|
//! | harmful | failed; succeeded if the rule is only to tell | the same |
//! | healthy | succeeded, once the rule's bake and requests are reached | as undecided |
//! | undecided | goes on | as the rule's `onUndecided` says, if its bake and requests are reached; else held |
//! | no verdict | goes on, unless it stands | failed: missing data is never health |
//!
//! An outcome has no way to say "hold". What is to be held is a failure that another attempt cannot help, whose verdict
//! is `undecided` or `no_verdict` and whose reason begins with `undecided: ` or `no verdict: `.

use shipway_model::Millis;
use shipway_model::analysis::{Decision, Verdict};
use shipway_model::effect::{Outcome, Success};
use shipway_model::resource::strategy::{Analysis, OnHarm, OnUndecided};
use shipway_runtime::driver::Assessment;

/// How the step ends on this assessment, if it does.
pub(super) fn conclude(rule: &Analysis, elapsed: Millis, assessment: &Assessment) -> Option<Outcome> {
    let verdict = &assessment.verdict;
    if verdict.decision == Decision::NoVerdict && assessment.is_final {
        return Some(refused("no verdict: it cannot be judged any further", verdict.clone()));
    }
    conclude_on(rule, elapsed, verdict)
}

fn conclude_on(rule: &Analysis, elapsed: Millis, verdict: &Verdict) -> Option<Outcome> {
    match verdict.decision {
        Decision::Harmful if rule.on_harm == OnHarm::Tell => {
            let mut verdict = verdict.clone();
            verdict.reasons.insert(0, "the new version is harmful, and the rule is only to tell".to_owned());
            Some(promoted(verdict))
        }
        Decision::Harmful => Some(refused("the new version is harmful", verdict.clone())),
        Decision::Healthy if is_ripe(rule, elapsed, verdict) => Some(promoted(verdict.clone())),
        Decision::Healthy | Decision::Undecided | Decision::NoVerdict => None,
    }
}

/// How a watch ends on this assessment, if it does. What harm does, and when, the plan says.
pub(super) fn conclude_watch(assessment: &Assessment) -> Option<Outcome> {
    let verdict = &assessment.verdict;
    match verdict.decision {
        Decision::Harmful => Some(refused("it became worse after the rollout", verdict.clone())),
        // An error budget, logs or traces ask for a person; mere silence is never final.
        Decision::NoVerdict if assessment.is_final => {
            Some(refused("it has to be looked at", verdict.clone()))
        }
        Decision::Healthy | Decision::Undecided | Decision::NoVerdict => None,
    }
}

/// How a watch ends whose time is up.
pub(super) fn conclude_watch_at_the_end(elapsed: Millis, mut verdict: Verdict) -> Outcome {
    if verdict.decision == Decision::Harmful {
        return refused("it became worse after the rollout", verdict);
    }
    let reason = match verdict.decision {
        Decision::NoVerdict => {
            format!("watched for {elapsed}, without numbers of both versions to compare over all of it")
        }
        Decision::Harmful | Decision::Healthy | Decision::Undecided => {
            format!("watched for {elapsed}: nothing became worse")
        }
    };
    verdict.reasons.insert(0, reason);
    promoted(verdict)
}

/// How the step ends on a verdict that is no conclusion, when time is up.
pub(super) fn conclude_at_the_end(rule: &Analysis, elapsed: Millis, mut verdict: Verdict) -> Outcome {
    if let Some(outcome) = conclude_on(rule, elapsed, &verdict) {
        return outcome;
    }
    if verdict.decision == Decision::NoVerdict {
        return refused(&format!("no verdict: there was nothing to judge by in {elapsed}"), verdict);
    }
    if !is_ripe(rule, elapsed, &verdict) {
        let (seen, wanted) = (verdict.canary_requests, rule.requests);
        return refused(&format!("undecided: {seen} of {wanted} requests were seen in {elapsed}"), verdict);
    }
    match rule.on_undecided {
        OnUndecided::Promote => {
            let reason = format!("no harm was found in {elapsed}, and the rule is to go on then");
            verdict.reasons.insert(0, reason);
            promoted(verdict)
        }
        OnUndecided::Hold => refused(&format!("undecided: time was up after {elapsed}"), verdict),
        OnUndecided::Rollback => {
            let reason = format!("not shown to be harmless in {elapsed}, and the rule is to roll back then");
            refused(&reason, verdict)
        }
    }
}

/// A canary that has not been through everything that is critical is not healthy yet.
pub(super) fn withhold_health(verdict: &mut Verdict, missing: Option<&String>) {
    if let Some(missing) = missing.filter(|_| verdict.decision == Decision::Healthy) {
        verdict.decision = Decision::Undecided;
        verdict.reasons.insert(0, missing.clone());
    }
}

/// How the step ends when something has been missing for too long, unless harm is shown.
pub(super) fn conclude_in_silence(silence: String, mut verdict: Verdict) -> Outcome {
    verdict.decision = Decision::NoVerdict;
    let reason = format!("no verdict: {silence}");
    verdict.reasons.insert(0, silence);
    refused(&reason, verdict)
}

fn is_ripe(rule: &Analysis, elapsed: Millis, verdict: &Verdict) -> bool {
    elapsed >= rule.bake && verdict.canary_requests >= rule.requests
}

fn promoted(verdict: Verdict) -> Outcome {
    Outcome::Succeeded { result: Success::Judged { verdict: Box::new(verdict) } }
}

fn refused(reason: &str, verdict: Verdict) -> Outcome {
    let reasons: Vec<_> = std::iter::once(reason).chain(verdict.reasons.iter().map(String::as_str)).collect();
    let reason = reasons.join("; ");
    Outcome::Failed { reason, retryable: false, verdict: Some(Box::new(verdict)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Millis = Millis(1000);

    fn rule(on_undecided: OnUndecided) -> Analysis {
        Analysis { bake: Millis(300), requests: 50, timeout: TIMEOUT, on_undecided, ..Analysis::default() }
    }

    fn verdict(decision: Decision, canary_requests: u64) -> Verdict {
        Verdict {
            decision,
            decided_at: Millis::ZERO,
            canary_requests,
            canary_errors: 0,
            metrics: Vec::new(),
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
            reasons: vec!["so it was seen".to_owned(), "and so".to_owned()],
        }
    }

    /// The beginning of a failure's reason, or `judged`.
    fn check_outcome(outcome: &Outcome, expect: &str) {
        match outcome {
            Outcome::Succeeded { result: Success::Judged { .. } } => assert_eq!(expect, "judged"),
            Outcome::Failed { reason, retryable: false, verdict: Some(_) } => {
                assert!(reason.starts_with(expect), "{reason}");
                assert!(reason.ends_with("; so it was seen; and so"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }

    fn check(decision: Decision, elapsed_ms: u64, requests: u64, expect: Option<&str>) {
        for on_undecided in [OnUndecided::Hold, OnUndecided::Promote, OnUndecided::Rollback] {
            let assessment = Assessment { verdict: verdict(decision, requests), is_final: false };
            let found = conclude(&rule(on_undecided), Millis(elapsed_ms), &assessment);
            assert_eq!(found.is_some(), expect.is_some(), "{decision:?} after {elapsed_ms} ms");
            found.iter().zip(expect).for_each(|(found, expect)| check_outcome(found, expect));
        }
    }

    fn check_at_the_end(decision: Decision, requests: u64, expect: [&str; 3]) {
        let rules = [OnUndecided::Hold, OnUndecided::Promote, OnUndecided::Rollback];
        for (on_undecided, expect) in rules.into_iter().zip(expect) {
            check_outcome(
                &conclude_at_the_end(&rule(on_undecided), TIMEOUT, verdict(decision, requests)),
                expect,
            );
        }
    }

    #[test]
    fn harm_ends_it_at_once_and_health_when_it_is_ripe() {
        check(Decision::Harmful, 1, 0, Some("the new version is harmful"));
        check(Decision::Healthy, 300, 50, Some("judged"));
        check(Decision::Healthy, 299, 50, None);
        check(Decision::Healthy, 300, 49, None);
        check(Decision::Undecided, 999, 1000, None);
        check(Decision::NoVerdict, 999, 0, None);
    }

    #[test]
    fn a_silence_that_stands_and_harm_that_is_only_told_end_it_too() {
        let silent = Assessment { verdict: verdict(Decision::NoVerdict, 9), is_final: true };
        check_outcome(
            &conclude(&rule(OnUndecided::Promote), Millis(1), &silent).unwrap(),
            "no verdict: it cannot",
        );
        let tell = Analysis { on_harm: OnHarm::Tell, ..rule(OnUndecided::Hold) };
        let harmful = Assessment { verdict: verdict(Decision::Harmful, 9), is_final: true };
        check_outcome(&conclude(&tell, Millis(1), &harmful).unwrap(), "judged");
    }

    #[test]
    fn a_watch_ends_by_harm_or_by_its_time_and_never_by_silence() {
        let assessed = |decision, is_final| Assessment { verdict: verdict(decision, 9), is_final };
        assert_eq!(conclude_watch(&assessed(Decision::NoVerdict, false)), None);
        assert_eq!(conclude_watch(&assessed(Decision::Undecided, true)), None);
        check_outcome(
            &conclude_watch(&assessed(Decision::NoVerdict, true)).unwrap(),
            "it has to be looked at",
        );
        check_outcome(&conclude_watch(&assessed(Decision::Harmful, true)).unwrap(), "it became worse");
        for decision in [Decision::NoVerdict, Decision::Undecided] {
            check_outcome(&conclude_watch_at_the_end(TIMEOUT, verdict(decision, 9)), "judged");
        }
        check_outcome(&conclude_watch_at_the_end(TIMEOUT, verdict(Decision::Harmful, 9)), "it became worse");
    }

    #[test]
    fn when_time_is_up_the_rule_decides_unless_data_is_missing() {
        check_at_the_end(Decision::Undecided, 50, ["undecided: time was up", "judged", "not shown to be"]);
        check_at_the_end(Decision::Undecided, 49, ["undecided: 49 of 50 requests"; 3]);
        check_at_the_end(Decision::Healthy, 49, ["undecided: 49 of 50 requests"; 3]);
        check_at_the_end(Decision::Healthy, 50, ["judged"; 3]);
        check_at_the_end(Decision::NoVerdict, 0, ["no verdict: "; 3]);
        check_at_the_end(Decision::NoVerdict, 5000, ["no verdict: "; 3]);
        check_at_the_end(Decision::Harmful, 0, ["the new version is harmful"; 3]);
    }

    #[test]
    fn a_promotion_without_a_verdict_says_so_first() {
        let outcome =
            conclude_at_the_end(&rule(OnUndecided::Promote), TIMEOUT, verdict(Decision::Undecided, 50));
        let Outcome::Succeeded { result: Success::Judged { verdict } } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(verdict.reasons[0], "no harm was found in 1s, and the rule is to go on then");
        assert_eq!(verdict.decision, Decision::Undecided);
    }
}
