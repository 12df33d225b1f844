//! Blocks that are refused, and what they leave behind: nothing.

use shipway_analysis::{InvalidBlock, Judge, Rule, judge};
use shipway_model::Millis;
use shipway_model::analysis::{Arm, Block, Decision, Histogram};

use crate::traffic::{arm, block};

fn timed(requests: u64, bounds_ms: &[f64], counts: &[u64]) -> Arm {
    let latency = Histogram { bounds_ms: bounds_ms.to_vec(), counts: counts.to_vec() };
    Arm { requests, errors: 0, latency }
}

/// A judge that has seen one good block, given `bad`, refuses it with `message` and goes on as if it had not come.
fn check(bad: Block, message: &str) {
    let good =
        |idx| block(idx, timed(200, &[10.0, 20.0], &[100, 80, 20]), timed(200, &[10.0, 20.0], &[90, 80, 30]));
    let mut tried = Judge::new(Rule::default());
    let mut untried = tried.clone();
    tried.observe(&good(0)).unwrap();
    untried.observe(&good(0)).unwrap();
    assert_eq!(tried.observe(&bad).unwrap_err().to_string(), message);
    assert_eq!(tried.verdict(), untried.verdict());
    tried.observe(&good(1)).unwrap();
    untried.observe(&good(1)).unwrap();
    assert_eq!(tried.verdict(), untried.verdict());
}

#[test]
fn counts_that_contradict_each_other_are_refused() {
    check(block(1, arm(5, 6), arm(5, 0)), "the control has 6 errors among 5 requests");
    check(block(1, arm(5, 0), arm(0, 1)), "the canary has 1 errors among 0 requests");
    check(
        block(1, arm(5, 0), timed(5, &[10.0, 20.0], &[1, 2, 1])),
        "the canary's histogram counts 4 durations for 5 requests",
    );
    check(
        block(1, timed(5, &[10.0, 20.0], &[u64::MAX, u64::MAX, 7]), arm(5, 0)),
        "the control's histogram counts 36893488147419103237 durations for 5 requests",
    );
    check(
        block(1, arm(100_000_001, 0), arm(5, 0)),
        "the control has 100000001 requests in one block; at most 100000000 are counted",
    );
}

#[test]
fn histograms_of_another_shape_are_refused() {
    check(
        block(1, timed(5, &[10.0, 20.0], &[5, 0]), arm(5, 0)),
        "the control's histogram has 2 counts for 2 bounds; it takes one more count than bounds",
    );
    check(
        block(1, arm(5, 0), timed(5, &[10.0, 20.0], &[])),
        "the canary's histogram has 0 counts for 2 bounds; it takes one more count than bounds",
    );
    check(
        block(1, arm(5, 0), timed(5, &[10.0, 30.0], &[5, 0, 0])),
        "the canary's histogram bounds differ from those that came before",
    );
    check(
        block(1, timed(5, &[20.0, 20.0], &[5, 0, 0]), arm(5, 0)),
        "the control's histogram bounds are not increasing numbers: 20 follows 20",
    );
    check(
        block(1, timed(5, &[10.0, f64::NAN], &[5, 0, 0]), arm(5, 0)),
        "the control's histogram bounds are not increasing numbers: NaN follows 10",
    );
    check(
        block(1, timed(5, &[10.0, f64::INFINITY], &[5, 0, 0]), arm(5, 0)),
        "the control's histogram bounds are not increasing numbers: inf follows 10",
    );
}

#[test]
fn arms_of_the_first_block_must_share_their_bounds() {
    let differing = block(0, timed(5, &[10.0], &[5, 0]), timed(5, &[20.0], &[5, 0]));
    let error = Judge::new(Rule::default()).observe(&differing).unwrap_err();
    assert_eq!(error, InvalidBlock::BoundsChanged { arm: "canary" });
}

#[test]
fn block_that_comes_again_or_too_late_is_refused() {
    check(block(0, arm(5, 0), arm(5, 0)), "the block starts at 0s, before the one ahead of it ended at 10s");
}

#[test]
fn judge_of_a_slice_leaves_invalid_blocks_out_and_says_so() {
    let blocks = [block(0, arm(100, 1), arm(100, 1)), block(1, arm(1, 2), arm(1, 0))];
    let verdict = judge(&Rule::default(), &blocks);
    assert_eq!((verdict.decision, verdict.canary_requests), (Decision::Undecided, 100));
    assert_eq!(verdict.decided_at, Millis::from_secs(10));
    assert_eq!(
        verdict.reasons.last().unwrap(),
        "1 of 2 blocks were left out as invalid, the first of them block 2: the control has 2 errors among 1 requests."
    );
}
