//! Verdicts on traffic made by hand.

use shipway_analysis::{Judge, Rule, judge};
use shipway_model::Millis;
use shipway_model::analysis::{Arm, Block, Decision, Histogram, Verdict};

use crate::traffic::{arm, block};

fn check(blocks: &[Block], expect: Decision, first_reason: &str) -> Verdict {
    let verdict = judge(&Rule::default(), blocks);
    assert_eq!((verdict.decision, verdict.reasons[0].as_str()), (expect, first_reason), "{verdict:#?}");
    verdict
}

fn repeated(n_blocks: u64, control: &Arm, canary: &Arm) -> Vec<Block> {
    (0..n_blocks).map(|idx| block(idx, control.clone(), canary.clone())).collect()
}

/// An arm of a hundred requests of which `slow` took from 100 to 200 ms and the rest under 100 ms.
fn timed_arm(slow: u64) -> Arm {
    let latency = Histogram { bounds_ms: vec![100.0, 200.0], counts: vec![100 - slow, slow, 0] };
    Arm { requests: 100, errors: 1, latency }
}

#[test]
fn silence_is_no_verdict() {
    check(
        &[],
        Decision::NoVerdict,
        "Neither canary nor control had a request; silence is never taken for health.",
    );
    check(
        &repeated(9, &arm(500, 1), &arm(0, 0)),
        Decision::NoVerdict,
        "The canary had no request while control had 4500; silence is never taken for health.",
    );
    check(
        &repeated(9, &arm(0, 0), &arm(500, 1)),
        Decision::NoVerdict,
        "Control had no request, so there is nothing to compare the canary's 4500 with.",
    );
}

#[test]
fn failing_canary_is_harmful_and_the_reason_has_the_numbers() {
    let verdict = check(
        &[block(0, arm(2300, 1), arm(120, 9))],
        Decision::Harmful,
        "9 of 120 canary requests failed (7.50 %), control 1 of 2300 (0.04 %); e-value 10^9.",
    );
    assert!(
        verdict.reasons[1].contains("≥ 100: the canary is worse by more than the margin"),
        "{verdict:#?}"
    );
    assert_eq!((verdict.canary_requests, verdict.canary_errors), (120, 9));
    assert_eq!(verdict.decided_at, Millis::from_secs(10));
}

#[test]
fn harmful_is_final() {
    let mut judge = Judge::new(Rule::default());
    judge.observe(&block(0, arm(2300, 1), arm(120, 9))).unwrap();
    let verdict = judge.verdict();
    for idx in 1..20 {
        judge.observe(&block(idx, arm(100, 50), arm(100, 0))).unwrap();
    }
    assert_eq!(judge.verdict(), verdict);
}

#[test]
fn few_requests_are_never_healthy() {
    let rule = Rule { requests_min: 50, beta: 0.5, ..Rule::default() };
    let few = judge(&rule, &[block(0, arm(2000, 200), arm(49, 0))]);
    let enough = judge(&rule, &[block(0, arm(2000, 200), arm(50, 0))]);
    assert_eq!((few.decision, enough.decision), (Decision::Undecided, Decision::Healthy));
    assert_eq!(few.reasons[0], "The canary has had 49 requests of the 50 needed to be called healthy.");
}

#[test]
fn nothing_failing_anywhere_is_not_evidence_of_health() {
    check(
        &repeated(50, &arm(500, 0), &arm(500, 0)),
        Decision::Undecided,
        "No request of either side counts for errors, so the odds cannot be compared.",
    );
}

#[test]
fn healthy_is_withheld_while_the_canary_is_silent() {
    let mut blocks = repeated(30, &arm(1000, 50), &arm(1000, 50));
    assert_eq!(judge(&Rule::default(), &blocks).decision, Decision::Healthy);
    blocks.push(block(30, arm(1000, 50), arm(0, 0)));
    check(&blocks, Decision::Undecided, "The canary had no request in the last block although control had.");
}

#[test]
fn latency_is_compared_only_after_the_block_that_set_its_thresholds() {
    let slower_at_first = [block(0, timed_arm(10), timed_arm(100))];
    let verdict = judge(&Rule::default(), &slower_at_first);
    let of_latency: Vec<_> =
        verdict.metrics.iter().skip(1).map(|it| (it.name.as_str(), it.log_e_value.abs() < 1e-9)).collect();
    assert_eq!(of_latency, [("latency over 100 ms", true), ("latency over 200 ms", true)]);

    let slower_later = [block(0, timed_arm(10), timed_arm(10)), block(1, timed_arm(10), timed_arm(90))];
    check(
        &slower_later,
        Decision::Harmful,
        "90 of 100 canary requests took more than 100 ms (90.00 %), control 10 of 100 (10.00 %); e-value 10^21.",
    );
}

#[test]
fn healthy_needs_latency_too_where_it_is_reported() {
    let never_above_a_bound = |mut it: Arm| {
        it.latency = Histogram { bounds_ms: vec![100.0], counts: vec![it.requests, 0] };
        it
    };
    let steady = never_above_a_bound(arm(1000, 50));
    check(
        &repeated(30, &steady, &steady),
        Decision::Undecided,
        "No edge of the latency histogram lies among control's requests, so the canary cannot be shown to be as fast.",
    );
}
