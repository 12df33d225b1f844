//! How often the judge is wrong, and how fast it is right, over many seeded analyses that are looked at after every
//! block.
//!
//! A bound of `n·p + 3·√(n·p·(1−p))` wrong answers out of `n` would be passed by chance in about one of 700 draws of
//! the seeds if the true rate were exactly `p`; with the seeds fixed, each test always gives the same answer.

use shipway_analysis::{Judge, Rule};
use shipway_model::analysis::Decision;

use crate::traffic::{Behaviour, Dice, blocks_until, odds_times};

const USUAL: Behaviour = Behaviour { requests: 100, errors: 0.001, slowness_odds: 1.0 };

fn count_wrong(
    rule: Rule,
    wrong: Decision,
    n_runs: u64,
    behaviours: impl Fn(u64) -> (Behaviour, Behaviour),
) -> u64 {
    let run = |seed: &u64| {
        let mut judge = Judge::new(rule);
        blocks_until(&mut judge, wrong, 30, &mut Dice::new(*seed), &behaviours).is_some()
    };
    (1..=n_runs).filter(run).count() as u64
}

fn bound(n_runs: u64, chance: f64) -> u64 {
    let expected = n_runs as f64 * chance;
    (expected + 3.0 * (expected * (1.0 - chance)).sqrt()) as u64
}

fn check_false_rollbacks(alpha: f64, behaviours: impl Fn(u64) -> (Behaviour, Behaviour)) {
    let rule = Rule { alpha, ..Rule::default() };
    let n_wrong = count_wrong(rule, Decision::Harmful, 300, behaviours);
    assert!(n_wrong <= bound(300, alpha), "{n_wrong} of 300 harmless canaries were called harmful");
}

#[test]
fn equal_canary_is_rolled_back_no_more_often_than_alpha() {
    check_false_rollbacks(0.01, |_| (USUAL, USUAL));
}

#[test]
fn canary_at_the_very_margins_is_rolled_back_no_more_often_than_alpha() {
    let at_margin = Behaviour { requests: 60, errors: odds_times(0.05, 1.1), slowness_odds: 1.1 };
    check_false_rollbacks(0.1, |_| (Behaviour { errors: 0.05, ..USUAL }, at_margin));
}

#[test]
fn incident_and_change_of_weights_shared_by_both_arms_are_not_held_against_the_canary() {
    check_false_rollbacks(0.01, |block_idx| {
        let shared = if (8..14).contains(&block_idx) {
            Behaviour { errors: 0.3, slowness_odds: 20.0, ..USUAL }
        } else {
            USUAL
        };
        let canary_requests = if block_idx < 10 { 10 } else { 150 };
        (shared, Behaviour { requests: canary_requests, ..shared })
    });
}

#[test]
fn harmful_canary_is_called_healthy_no_more_often_than_beta() {
    let control = Behaviour { errors: 0.03, ..USUAL };
    let canary = Behaviour { errors: odds_times(0.03, 2.0), ..USUAL };
    // With alpha this small the call of harm does not come first and hide a wrong call of health.
    let rule = Rule { alpha: 1e-12, ..Rule::default() };
    let n_wrong = count_wrong(rule, Decision::Healthy, 300, |_| (control, canary));
    assert!(n_wrong <= bound(300, rule.beta), "{n_wrong} of 300 harmful canaries were called healthy");
}

#[test]
fn failing_canary_is_found_within_a_minute() {
    for seed in 1..=20 {
        let behaviours = |_| (Behaviour { requests: 900, ..USUAL }, Behaviour { errors: 0.05, ..USUAL });
        let mut judge = Judge::new(Rule::default());
        let n_blocks = blocks_until(&mut judge, Decision::Harmful, 30, &mut Dice::new(seed), behaviours);
        assert!(n_blocks.is_some_and(|it| it <= 6), "seed {seed}: {n_blocks:?} blocks of ten seconds");
    }
}

#[test]
fn slow_canary_is_found_by_its_latency_alone() {
    for seed in 1..=20 {
        let canary = Behaviour { slowness_odds: 3.0, ..USUAL };
        let mut judge = Judge::new(Rule::default());
        let n_blocks =
            blocks_until(&mut judge, Decision::Harmful, 30, &mut Dice::new(seed), |_| (USUAL, canary));
        assert!(n_blocks.is_some_and(|it| it <= 10), "seed {seed}: {n_blocks:?} blocks of ten seconds");
    }
}

#[test]
fn healthy_canary_is_certified() {
    let busy = Behaviour { requests: 500, errors: 0.01, slowness_odds: 1.0 };
    for seed in 1..=10 {
        let mut judge = Judge::new(Rule::default());
        let n_blocks =
            blocks_until(&mut judge, Decision::Healthy, 60, &mut Dice::new(seed), |_| (busy, busy));
        assert!(n_blocks.is_some(), "seed {seed}: {:?}", judge.verdict());
    }
}
