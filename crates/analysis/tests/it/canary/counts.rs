//! Counts with absolute margins: what is stated in events per request or per second holds in those units, the promise about
//! alpha holds on the line itself, and shared drift changes nothing.

use proptest::prelude::*;
use serde_json::{Value, json};
use shipway_analysis::canary::{Answer, Config};
use shipway_analysis::simulation::Random;
use shipway_model::analysis::Decision;

use super::lines::{config, judge, line};

/// Restarts alone; canary's rate may be as many times control's as it likes.
fn restarts(more: Value) -> Config {
    let mut metric = json!({"name": "restarts", "kind": "count", "margin": 1.0});
    metric.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config(json!({"early_promotion": false, "metrics": [metric]}))
}

/// Blocks of ten seconds, a thousand requests and one instance a side, with so many events of control and of canary.
fn lines(n_blocks: u64, mut events: impl FnMut(u64) -> (u64, u64)) -> Vec<String> {
    let mut lines = Vec::new();
    for block_idx in 0..n_blocks {
        let (control, canary) = events(block_idx);
        for (arm, x) in [("control", control), ("canary", canary)] {
            lines.push(line(
                block_idx,
                arm,
                "a",
                json!({"requests": 1000, "metrics": {"restarts": {"x": x}}}),
            ));
        }
    }
    lines
}

fn decided(more: Value, lines: &[String]) -> Answer {
    judge(restarts(more), lines).0
}

#[test]
fn a_rise_within_the_margin_per_request_is_not_harmful() {
    // Six times the events: five in a thousand requests more.
    let six_times = lines(60, |_| (1, 6));
    assert_eq!(decided(json!({}), &six_times).decision, Decision::Harmful);
    assert_eq!(decided(json!({"margin_absolute": 0.001}), &six_times).decision, Decision::Harmful);
    assert_ne!(decided(json!({"margin_absolute": 0.006}), &six_times).decision, Decision::Harmful);
    assert_eq!(
        decided(json!({"margin_absolute": 0.006}), &lines(60, |_| (1, 30))).decision,
        Decision::Harmful
    );
}

#[test]
fn a_rise_within_the_margin_per_second_is_not_harmful() {
    // Ten events in ten seconds more: one per second.
    let more = lines(60, |_| (5, 15));
    let by = |margin: f64| json!({"exposure": "time", "margin_absolute": margin});
    assert_eq!(decided(by(0.5), &more).decision, Decision::Harmful);
    assert_ne!(decided(by(1.2), &more).decision, Decision::Harmful);
}

#[test]
fn the_margin_is_per_second_of_every_instance() {
    let by_instances = |n_instances: u64| {
        let block = |block_idx: u64| {
            (0..n_instances).flat_map(move |it| {
                let of = |arm, x| {
                    line(block_idx, arm, &it.to_string(), json!({"metrics": {"restarts": {"x": x}}}))
                };
                [of("control", 2), of("canary", 9)]
            })
        };
        (0..60).flat_map(block).collect::<Vec<_>>()
    };
    // Each instance has 0.7 more per second, however many there are.
    for n_instances in [1, 4] {
        let data = by_instances(n_instances);
        let by =
            |margin: f64| decided(json!({"exposure": "time", "margin_absolute": margin}), &data).decision;
        assert_eq!(by(0.4), Decision::Harmful, "{n_instances}");
        assert_ne!(by(0.8), Decision::Harmful, "{n_instances}");
    }
}

#[test]
fn too_few_are_harmful_by_their_difference_as_well() {
    let by = |margin: f64, canary: u64| {
        decided(json!({"direction": "decrease", "margin_absolute": margin}), &lines(60, |_| (40, canary)))
            .decision
    };
    assert_eq!(by(0.005, 25), Decision::Harmful);
    assert_ne!(by(0.02, 25), Decision::Harmful);
}

#[test]
fn an_absolute_harm_lets_a_canary_pass_that_never_restarts() {
    let quiet = lines(60, |_| (0, 0));
    assert_eq!(decided(json!({}), &quiet).decision, Decision::Undecided);
    let passed = decided(json!({"harm_absolute": 0.005}), &quiet);
    assert_eq!(passed.decision, Decision::Healthy, "{passed:#?}");
    let worse = decided(json!({"harm_absolute": 0.005, "margin": 20.0}), &lines(60, |_| (1, 7)));
    assert_eq!(worse.decision, Decision::Undecided, "{worse:#?}");
}

/// Poisson events at the margin exactly, where the chance of a false call is greatest: the common rate rises five times over
/// and has an incident. The ratio is far above one, so that the difference alone keeps the canary.
fn calls_at_the_margin(n_runs: u64, alpha: f64, times_the_margin: f64) -> u64 {
    const MARGIN: f64 = 0.004;
    let rule = Config { alpha, ..restarts(json!({"margin_absolute": MARGIN})) };
    let is_called = |seed: u64| {
        let mut random = Random::new(seed);
        let data = lines(60, |block_idx| {
            let incident = if (20..24).contains(&block_idx) { 0.004 } else { 0.0 };
            let control = 0.0005 + 0.002 * block_idx as f64 / 60.0 + incident;
            let canary = control + MARGIN * times_the_margin;
            (random.poisson(1000.0 * control), random.poisson(1000.0 * canary))
        });
        judge(rule.clone(), &data).0.decision == Decision::Harmful
    };
    (0..n_runs).filter(|seed| is_called(*seed)).count() as u64
}

#[test]
fn at_the_margin_itself_no_more_are_called_harmful_than_alpha_allows() {
    let n_runs = 400;
    let n_called = calls_at_the_margin(n_runs, 0.1, 1.0);
    // The main test has 0.8 of alpha: 32 of 400 at most on average; these seeds are fixed.
    assert!(n_called <= 32, "{n_called} of {n_runs}");
    // A test that never calls anything would pass too.
    assert!(calls_at_the_margin(20, 0.1, 2.0) >= 19);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// An absolute margin never makes a canary look worse, and one that never has more events than control is never harmful.
    #[test]
    fn margins_only_excuse(
        events in prop::collection::vec((0..200_u64, 0..200_u64), 1..20),
        margin in 1e-6..0.1_f64,
    ) {
        let data = lines(events.len() as u64, |block_idx| events[block_idx as usize]);
        let (with, without) = (decided(json!({"margin_absolute": margin}), &data), decided(json!({}), &data));
        if with.decision == Decision::Harmful {
            prop_assert_eq!(without.decision, Decision::Harmful);
            prop_assert!(without.decided_at_s <= with.decided_at_s, "{:?} and {:?}", without, with);
        }
        let never_more = lines(events.len() as u64, |block_idx| {
            let (one, other) = events[block_idx as usize];
            (one.max(other), one.min(other))
        });
        prop_assert_ne!(decided(json!({"margin_absolute": margin}), &never_more).decision, Decision::Harmful);
    }
}
