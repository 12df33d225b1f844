use serde_json::json;
use shipway_model::analysis::{Arm, Histogram, Part, Sample};

use super::*;

/// The block of ten seconds with this number, from 0.
pub(in crate::judge) fn block(number: u64, control: Arm, canary: Arm) -> Block {
    let length = Millis::from_secs(10);
    Block { start: Millis(number * length.0), length, control, canary }
}

pub(in crate::judge) fn arm(requests: u64, errors: u64) -> Arm {
    let latency =
        Histogram { bounds_ms: vec![10.0, 100.0], counts: vec![requests - requests / 10, requests / 10, 0] };
    Arm { requests, errors, latency, ..Arm::default() }
}

fn of_instances(instances: &[(&str, u64, u64)]) -> Arm {
    let mut all = arm(instances.iter().map(|it| it.1).sum(), instances.iter().map(|it| it.2).sum());
    all.latency = Histogram::default();
    let part = |&(name, requests, errors): &(&str, u64, u64)| {
        (name.to_owned(), Part { requests, errors, ..Part::default() })
    };
    all.instances = instances.iter().map(part).collect();
    all
}

fn judging(rule: serde_json::Value) -> Shipway {
    Shipway::new(&serde_json::from_value(rule).unwrap()).unwrap()
}

/// The first decision other than `undecided`, with its verdict.
fn decided(judging: &mut Shipway, of: impl Fn(u64) -> (Arm, Arm)) -> Option<Assessment> {
    (0..360).find_map(|number| {
        let (control, canary) = of(number);
        judging.take(&block(number, control, canary));
        let assessed = judging.assess();
        (assessed.verdict.decision != Decision::Undecided).then_some(assessed)
    })
}

#[test]
fn errors_decide_with_evidence_and_effect() {
    let mut harmed = judging(json!({}));
    let Assessment { verdict, is_final } = decided(&mut harmed, |_| (arm(500, 1), arm(500, 25))).unwrap();
    assert!(verdict.decision == Decision::Harmful && is_final, "{verdict:?}");
    let evidence = verdict.evidence.unwrap();
    assert!(evidence.log_harm >= evidence.log_harm_needed, "{evidence:?}");
    let errors = &verdict.metrics[0];
    assert_eq!((errors.name.as_str(), errors.control, errors.canary), ("errors", 0.002, 0.05));
    assert!(errors.effect.as_ref().unwrap().estimate.unwrap() > 10.0, "{errors:?}");
    let Assessment { verdict, .. } =
        decided(&mut judging(json!({})), |_| (arm(500, 5), arm(500, 5))).unwrap();
    assert_eq!(verdict.decision, Decision::Healthy, "{verdict:?}");
}

#[test]
fn one_noisy_control_is_no_health_and_one_broken_canary_is_harm() {
    let of = |canary: [u64; 3]| {
        move |_| {
            let control = of_instances(&[("host-a", 200, 1), ("host-b", 200, 1), ("host-c", 200, 1)]);
            let [a, b, c] = canary;
            (control, of_instances(&[("host-a", 200, a), ("host-b", 200, b), ("host-c", 200, c)]))
        }
    };
    let Assessment { verdict, .. } = decided(&mut judging(json!({})), of([1, 1, 40])).unwrap();
    assert!(verdict.reasons[0].contains("host-c"), "{verdict:?}");
    assert_eq!(verdict.decision, Decision::Harmful);
}

#[test]
fn one_noisy_host_keeps_no_good_version_unless_the_rule_says_so() {
    let of = |_| {
        let good = [("host-a", 200, 4), ("host-b", 200, 4)];
        let noisy = [good[0], good[1], ("host-c", 200, 12)];
        (of_instances(&[good[0], good[1], ("host-c", 200, 4)]), of_instances(&noisy))
    };
    let rule = |share: f64| {
        let errors = json!({"name": "errors", "kind": "proportion", "critical": true});
        json!({"noisyShare": share, "metrics": [errors]})
    };
    let Assessment { verdict, .. } = decided(&mut judging(rule(0.35)), of).unwrap();
    assert_eq!(verdict.decision, Decision::Healthy, "{verdict:?}");
    assert!(verdict.reasons[0].starts_with("Healthy without canary instance `host-c`"), "{verdict:?}");
    let held = decided(&mut judging(rule(0.0)), of);
    assert!(held.is_none(), "{held:?}");
}

#[test]
fn a_business_metric_without_instances_counts_beside_those_with_them() {
    let rule = json!({"metrics": [
        {"name": "errors", "kind": "proportion", "critical": true},
        {"name": "conversion", "kind": "proportion", "direction": "decrease", "unit": "orders",
         "from": {"csv": {"source": "shop"}}},
    ]});
    let with = |mut arm: Arm, x| {
        arm.metrics.insert("conversion".to_owned(), Sample { n: Some(400), x: Some(x), ..Sample::default() });
        arm
    };
    let instances = || of_instances(&[("host-a", 200, 1), ("host-b", 200, 1)]);
    let of = |canary| move |_| (with(instances(), 40), with(instances(), canary));
    let Assessment { verdict, .. } = decided(&mut judging(rule.clone()), of(10)).unwrap();
    assert_eq!(verdict.decision, Decision::Harmful, "{verdict:?}");
    let conversion = &verdict.metrics[1];
    assert_eq!((conversion.control, conversion.canary), (0.1, 0.025));
    assert_eq!(conversion.unit.as_deref(), Some("orders"));
    let Assessment { verdict, .. } = decided(&mut judging(rule), of(40)).unwrap();
    assert_eq!(verdict.decision, Decision::Healthy, "{verdict:?}");
}

#[test]
fn silence_of_the_canary_stands_as_no_verdict() {
    let mut judging = judging(json!({"silence": "60s"}));
    let silent = |number| (arm(500, 5), if number < 3 { arm(500, 5) } else { arm(0, 0) });
    let assessed = (0..30).find(|number| {
        let (control, canary) = silent(*number);
        judging.take(&block(*number, control, canary));
        let assessed = judging.assess();
        assessed.is_final && assessed.verdict.decision == Decision::NoVerdict
    });
    assert!(assessed.is_some_and(|number| number <= 10), "{assessed:?}");
}

#[test]
fn blocks_that_make_no_sense_are_left_out_and_told() {
    let mut judging = judging(json!({}));
    judging.take(&block(0, arm(500, 1), Arm { errors: 9, ..arm(5, 0) }));
    let Assessment { verdict, .. } = judging.assess();
    assert_eq!(verdict.decision, Decision::NoVerdict);
    assert!(verdict.reasons.iter().any(|it| it.contains("1 lines make no sense")), "{verdict:?}");
}

/// What each period of the past did, and with how many orders of how many sessions.
fn of_periods(periods: &[(&str, u64, u64)]) -> Arm {
    let mut arm = of_instances(periods);
    for (period, part) in &mut arm.instances {
        let x = if period == "1d ago" { 40 } else { 44 };
        part.metrics
            .insert("conversion".to_owned(), Sample { n: Some(400), x: Some(x), ..Sample::default() });
    }
    arm
}

#[test]
fn a_watch_asks_whether_today_is_worse_than_every_period() {
    let rule = json!({"periods": ["1d", "7d"], "changeWithin": "72h", "requests": 0});
    let past = || of_periods(&[("1d ago", 500, 1), ("7d ago", 500, 10)]);
    let canary = |from: u64, errors: u64| {
        move |number: u64| (past(), if number < from { arm(500, 1) } else { arm(500, errors) })
    };
    let Assessment { verdict, is_final } = decided(&mut judging(rule.clone()), canary(60, 50)).unwrap();
    assert_eq!((verdict.decision, is_final), (Decision::Harmful, true), "{verdict:?}");
    let sensitivity = verdict.sensitivity.unwrap();
    assert!(sensitivity.spent > 0.0 && sensitivity.spent < sensitivity.budget, "{sensitivity:?}");
    // As bad as it was a week ago.
    let as_then = decided(&mut judging(rule), canary(60, 10));
    assert!(as_then.is_none(), "{as_then:?}");
}

#[test]
fn metrics_of_periods_from_other_sources_are_compared_too() {
    let rule = json!({"periods": ["1d", "7d"], "changeWithin": "72h", "metrics": [
        {"name": "conversion", "kind": "proportion", "direction": "decrease", "critical": true,
         "from": {"csv": {"source": "shop"}}},
        {"name": "errors", "kind": "proportion"},
    ]});
    let with = |mut arm: Arm, x| {
        arm.metrics.insert("conversion".to_owned(), Sample { n: Some(400), x: Some(x), ..Sample::default() });
        arm
    };
    let of = |x| move |_| (of_periods(&[("1d ago", 500, 1), ("7d ago", 500, 1)]), with(arm(500, 1), x));
    let Assessment { verdict, .. } = decided(&mut judging(rule.clone()), of(10)).unwrap();
    assert_eq!(verdict.decision, Decision::Harmful, "{verdict:?}");
    assert!(decided(&mut judging(rule), of(41)).is_none());
}

#[test]
fn a_watch_without_a_past_says_so_and_goes_on() {
    let mut judging = judging(json!({"periods": ["1d"], "changeWithin": "72h", "silence": "60s"}));
    for number in 0..30 {
        judging.take(&block(number, Arm::default(), arm(500, 1)));
    }
    let Assessment { verdict, is_final } = judging.assess();
    assert_eq!((verdict.decision, is_final), (Decision::NoVerdict, false), "{verdict:?}");
}

#[test]
fn a_fresh_control_is_as_cold_so_that_no_warm_up_excuses_the_canary() {
    let harmed_at = |baseline: &str| {
        let metrics = json!([{"name": "errors", "kind": "proportion"}]);
        let mut judging = judging(json!({"baseline": baseline, "warmUp": "5m", "metrics": metrics}));
        let harmed = (0..60).find_map(|number| {
            judging.take(&block(number, arm(500, 5), arm(500, 25)));
            let verdict = judging.assess().verdict;
            (verdict.decision == Decision::Harmful).then_some(verdict.decided_at)
        });
        harmed.expect("it is worse")
    };
    assert!(harmed_at("fresh") < Millis::from_secs(60), "{}", harmed_at("fresh"));
    assert!(harmed_at("concurrent") > Millis::from_secs(300), "{}", harmed_at("concurrent"));
}

#[test]
fn counts_from_sources_have_absolute_margins_per_second() {
    let judged = |margin: f64| {
        let metric = json!({"name": "restarts", "kind": "count", "exposure": "time", "marginAbsolute": margin,
            "from": {"otlp": {"source": "pushed", "x": {"name": "restarts"}}}});
        let counted = |x: u64| {
            let sample = Sample { x: Some(x), ..Sample::default() };
            Arm { metrics: [("restarts".to_owned(), sample)].into(), ..arm(500, 0) }
        };
        let mut judging = judging(json!({"metrics": [metric]}));
        (0..60).find_map(|number| {
            judging.take(&block(number, counted(1), counted(6)));
            Some(judging.assess().verdict.decision).filter(|it| *it == Decision::Harmful)
        })
    };
    // Five in ten seconds more.
    assert_eq!((judged(0.2), judged(0.6)), (Some(Decision::Harmful), None));
}
