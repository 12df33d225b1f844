//! What holds for any blocks and any rule.

use proptest::prelude::*;
use shipway_analysis::{Judge, Rule, judge};
use shipway_model::Millis;
use shipway_model::analysis::{Arm, Block, Decision, Histogram};

/// Mostly consistent arms, some of them not.
fn any_arm() -> impl Strategy<Value = Arm> {
    let counts = prop::collection::vec(prop_oneof![0..50_u64, 0..20_000_u64], 3);
    let kept = (counts, 0.0..=1.0_f64).prop_map(|(counts, failing)| {
        let requests: u64 = counts.iter().sum();
        let errors = (requests as f64 * failing) as u64;
        Arm { requests, errors, latency: Histogram { bounds_ms: vec![10.0, 100.0], counts } }
    });
    let silent = Just(Arm::default());
    let untimed = (0..1000_u64, 0..1000_u64).prop_map(|(requests, errors)| Arm {
        requests,
        errors,
        latency: Histogram::default(),
    });
    let odd = (
        any::<u64>(),
        any::<u64>(),
        prop::collection::vec(any::<f64>(), 0..4),
        prop::collection::vec(any::<u64>(), 0..5),
    )
        .prop_map(|(requests, errors, bounds_ms, counts)| Arm {
            requests,
            errors,
            latency: Histogram { bounds_ms, counts },
        });
    prop_oneof![6 => kept, 1 => silent, 1 => untimed, 1 => odd]
}

fn any_blocks() -> impl Strategy<Value = Vec<Block>> {
    prop::collection::vec((0..3_u64, any_arm(), any_arm()), 0..8).prop_map(|parts| {
        let mut start = Millis::ZERO;
        let follow = |(gap, control, canary)| {
            let block = Block { start, length: Millis(10_000), control, canary };
            start = Millis(start.0 + 9_999 + gap);
            block
        };
        parts.into_iter().map(follow).collect()
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let odd = (any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>(), any::<u64>()).prop_map(
        |(alpha, beta, error_margin, latency_margin, harm_odds, requests_min)| Rule {
            alpha,
            beta,
            error_margin,
            latency_margin,
            harm_odds,
            requests_min,
        },
    );
    prop_oneof![3 => Just(Rule::default()), 1 => odd]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn verdict_is_finite_and_explained(rule in any_rule(), blocks in any_blocks()) {
        let verdict = judge(&rule, &blocks);
        prop_assert!(!verdict.reasons.is_empty());
        for metric in &verdict.metrics {
            prop_assert!(metric.log_e_value.is_finite(), "{metric:?}");
            prop_assert!((0.0..=1.0).contains(&metric.control) && (0.0..=1.0).contains(&metric.canary));
        }
        if verdict.canary_requests == 0 {
            prop_assert_eq!(verdict.decision, Decision::NoVerdict);
        }
    }

    #[test]
    fn folding_and_judging_agree(blocks in any_blocks()) {
        let mut folded = Judge::new(Rule::default());
        let valid: Vec<Block> = blocks.into_iter().filter(|block| folded.observe(block).is_ok()).collect();
        prop_assert_eq!(folded.verdict(), judge(&Rule::default(), &valid));
    }
}
