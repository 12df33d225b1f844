//! A canary of which one instance is worse: what may pass for health without it, and what may not. The chances that are
//! promised are looked at where they are greatest, on the border of what is called bad.

use shipway_analysis::canary::{Analysis, Arm, Config, Observation};
use shipway_analysis::simulation::Random;
use shipway_model::analysis::Decision;

use super::lines::errors_alone;

/// Share of control's requests that fail.
const USUAL: f64 = 0.05;

/// The same at so many times the odds.
fn times(odds: f64) -> f64 {
    let usual = USUAL / (1.0 - USUAL);
    odds * usual / (1.0 + odds * usual)
}

/// What is decided of five control instances with the usual errors and of canary's, each with its requests per block and its
/// odds as multiples of control's.
fn decided(config: &Config, canary: &[(u64, f64)], n_blocks: u64, seed: u64) -> Decision {
    let mut random = Random::new(seed);
    let mut analysis = Analysis::new(config.clone()).unwrap();
    let control = [(40, 1.0); 5];
    for block_idx in 0..n_blocks {
        for (arm, cells) in [(Arm::Control, control.as_slice()), (Arm::Canary, canary)] {
            for (instance, (requests, odds)) in cells.iter().enumerate() {
                let line = Observation {
                    t: block_idx as f64 * 10.0,
                    dt_s: 10.0,
                    arm,
                    instance: instance.to_string(),
                    requests: Some(*requests),
                    errors: Some(random.binomial(*requests, times(*odds))),
                    latency_ms: None,
                    metrics: Default::default(),
                };
                if let Some(answer) = analysis.observe(line).unwrap() {
                    return answer.decision;
                }
            }
        }
    }
    analysis.finish().decision
}

fn n_healthy(config: &Config, canary: &[(u64, f64)], n_blocks: u64, n_runs: u64) -> u64 {
    (0..n_runs).filter(|seed| decided(config, canary, n_blocks, *seed) == Decision::Healthy).count() as u64
}

#[test]
fn a_good_canary_is_healthy_whichever_of_its_instances_is_noisy() {
    for noisy in 0..5 {
        let mut canary = [(40, 1.0); 5];
        canary[noisy].1 = 3.0;
        assert!(n_healthy(&errors_alone(), &canary, 180, 8) >= 7, "{noisy}");
    }
}

#[test]
fn bad_canaries_are_healthy_no_more_often_than_beta_allows() {
    // Often enough to be seen if there were more; a false call of harm comes first in a few of a hundred.
    let config = Config { beta: 0.2, alpha: 1e-6, ..errors_alone() };
    let bad: [(&str, &[(u64, f64)]); 4] = [
        ("all are as bad as harm", &[(40, 2.0); 5]),
        ("three are", &[(60, 2.0); 3]),
        (
            "one is as bad as can be without being broken",
            &[(40, 1.0), (40, 1.0), (40, 10.0), (40, 1.0), (40, 1.0)],
        ),
        (
            "two are, and without either it is as bad as harm",
            &[(40, 6.2), (40, 1.0), (40, 6.2), (40, 1.0), (40, 1.0)],
        ),
    ];
    for (what, canary) in bad {
        let (n_runs, n_blocks) = (120, 60);
        let n_promoted = n_healthy(&config, canary, n_blocks, n_runs);
        // 24 on average at most; these seeds are fixed.
        assert!(n_promoted <= 24, "{what}: {n_promoted} of {n_runs}");
    }
    // A judge that never finds health would pass too.
    assert!(n_healthy(&config, &[(40, 1.0); 5], 60, 20) >= 19);
}

#[test]
fn an_instance_with_much_of_the_traffic_is_not_left_out() {
    let much = [(20, 1.0), (160, 3.5), (20, 1.0)];
    let little = [(80, 1.0), (40, 3.5), (80, 1.0)];
    assert_eq!(n_healthy(&errors_alone(), &much, 90, 6), 0);
    assert!(n_healthy(&errors_alone(), &little, 180, 6) >= 5);
}

#[test]
fn of_two_instances_neither_is_left_out() {
    assert_eq!(n_healthy(&errors_alone(), &[(150, 1.0), (60, 6.5)], 90, 6), 0);
}
