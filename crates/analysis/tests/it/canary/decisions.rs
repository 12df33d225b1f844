//! What is decided, when, and on whose account.

use serde_json::{Value, json};
use shipway_analysis::canary::{Answer, Config};
use shipway_model::analysis::Decision;

use super::lines::{config, errors_alone, judge, line, requests};

/// Both arms in `n_blocks` blocks, `n_instances` each, what they tell being up to `tell(block, arm, instance)`.
fn traffic(n_blocks: u64, n_instances: u64, tell: impl Fn(u64, &str, u64) -> Value) -> Vec<String> {
    let mut lines = Vec::new();
    for block_idx in 0..n_blocks {
        for arm in ["control", "canary"] {
            for instance in 0..n_instances {
                let parts = tell(block_idx, arm, instance);
                lines.push(line(block_idx, arm, &format!("{arm}-{instance}"), parts));
            }
        }
    }
    lines
}

fn check(config: Config, lines: &[String], expect: Decision, at: Option<f64>, first_reason: &str) -> Answer {
    let (answer, _) = judge(config, lines);
    assert_eq!((answer.decision, answer.decided_at_s), (expect, at), "{answer:#?}");
    assert!(answer.reasons[0].starts_with(first_reason), "{answer:#?}");
    answer
}

#[test]
fn failing_canary_is_harmful_and_nothing_further_is_read() {
    let lines = traffic(60, 1, |_, arm, _| requests(500, if arm == "canary" { 25 } else { 1 }));
    let (answer, n_read) = judge(errors_alone(), &lines);
    assert_eq!((answer.decision, answer.decided_at_s), (Decision::Harmful, Some(10.0)), "{answer:#?}");
    // The first block shows itself complete only by the line behind it.
    assert_eq!((n_read, answer.canary_requests), (3, 500));
    let effect = &answer.metrics[0].effect;
    assert!((effect.estimate.unwrap() - 26.26).abs() < 0.01, "{effect:?}");
    assert!(effect.low.unwrap() > 0.0 && effect.high.unwrap() > effect.estimate.unwrap(), "{effect:?}");
    assert_eq!(answer.metrics[0].decided_at_s, Some(10.0));
}

#[test]
fn a_later_block_is_judged_as_soon_as_everyone_has_reported() {
    let tell = |block_idx, arm: &str, _| requests(500, if arm == "canary" && block_idx > 0 { 25 } else { 1 });
    let (answer, n_read) = judge(errors_alone(), &traffic(60, 2, tell));
    assert_eq!((answer.decided_at_s, n_read), (Some(20.0), 8), "{answer:#?}");
}

#[test]
fn same_canary_is_healthy_early() {
    let lines = traffic(60, 2, |_, _, _| requests(500, 5));
    let answer = check(errors_alone(), &lines, Decision::Healthy, Some(40.0), "Every metric rules out harm");
    assert!(answer.metrics[0].log_health_e_value >= 20.0_f64.ln());
    let to_the_end = Config { early_promotion: false, ..errors_alone() };
    check(to_the_end, &lines, Decision::Healthy, Some(40.0), "Every metric rules out harm");
}

#[test]
fn a_rise_within_the_absolute_margin_is_not_harmful() {
    let by = |margin: f64, canary: u64| {
        let rule = json!({"early_promotion": false, "metrics": [
            {"name": "errors", "kind": "proportion", "margin_absolute": margin},
        ]});
        let lines = traffic(60, 2, |_, arm, _| requests(1000, if arm == "canary" { canary } else { 1 }));
        judge(config(rule), &lines).0.decision
    };
    // Four times the errors, but 0.3 points more of them.
    assert_eq!((by(0.002, 4), by(0.01, 4)), (Decision::Harmful, Decision::Undecided));
    assert_eq!(by(0.01, 30), Decision::Harmful);
}

#[test]
fn an_absolute_harm_lets_a_canary_pass_that_never_fails() {
    let lines = traffic(60, 2, |_, _, _| requests(500, 0));
    let by = |rule: Value| judge(config(rule), &lines).0;
    let errors = |more: Value| {
        let mut metric = json!({"name": "errors", "kind": "proportion"});
        metric.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"metrics": [metric]})
    };
    assert_eq!(by(errors(json!({}))).decision, Decision::Undecided);
    let passed = by(errors(json!({"harm_absolute": 0.01})));
    assert_eq!((passed.decision, passed.decided_at_s), (Decision::Healthy, Some(20.0)), "{passed:#?}");
}

#[test]
fn fewer_conversions_are_harmful_and_more_are_not() {
    let by = |canary: u64| {
        let rule = json!({"metrics": [{"name": "sold", "kind": "proportion", "direction": "decrease"}]});
        let lines = traffic(20, 1, |_, arm, _| {
            let sold = if arm == "canary" { canary } else { 50 };
            json!({"requests": 500, "metrics": {"sold": {"n": 500, "x": sold}}})
        });
        judge(config(rule), &lines).0.decision
    };
    assert_eq!((by(30), by(70)), (Decision::Harmful, Decision::Healthy));
}

#[test]
fn slower_canary_is_harmful_by_histogram_and_by_values() {
    let rule = || config(json!({"metrics": [{"name": "latency", "kind": "latency"}]}));
    let by_histogram = traffic(20, 1, |_, arm, _| {
        let counts = if arm == "canary" { [300, 190, 10] } else { [400, 95, 5] };
        json!({"requests": 500, "latency_ms": {"bounds": [100.0, 200.0], "counts": counts}})
    });
    let answer = check(rule(), &by_histogram, Decision::Harmful, Some(20.0), "The canary is worse");
    assert_eq!(answer.metrics[0].effect.of, "odds of latency over 100 ms");
    let by_values = traffic(20, 1, |block_idx, arm, _| {
        let slower = if arm == "canary" { 1.3 } else { 1.0 };
        // A fixed set of 500 values, in another order each block.
        let value = |it: u64| ((it * 7 + block_idx) % 500) as f64 * slower;
        json!({"latency_ms": (0..500).map(value).collect::<Vec<f64>>()})
    });
    check(rule(), &by_values, Decision::Harmful, Some(20.0), "The canary is worse");
}

#[test]
fn more_events_than_the_share_of_requests_are_harmful() {
    let by = |canary: u64| {
        let rule = json!({"metrics": [{"name": "restarts", "kind": "count"}]});
        let lines = traffic(30, 1, |_, arm, _| {
            let (requests, restarts) = if arm == "canary" { (100, canary) } else { (900, 9) };
            json!({"requests": requests, "metrics": {"restarts": {"x": restarts}}})
        });
        judge(config(rule), &lines).0.decision
    };
    assert_eq!((by(5), by(1)), (Decision::Harmful, Decision::Healthy));
}

/// Revenue as sums: 500 sessions of 10 on average, canary's by `canary` times that.
fn revenue(canary: f64, critical: bool) -> Answer {
    let rule = json!({"metrics": [
        {"name": "errors", "kind": "proportion"},
        {"name": "revenue", "kind": "mean", "critical": critical},
    ]});
    let lines = traffic(60, 1, |_, arm, _| {
        let mean = if arm == "canary" { 10.0 * canary } else { 10.0 };
        let (sum, sum_sq) = (500.0 * mean, 500.0 * (mean * mean + 900.0));
        json!({"requests": 500, "errors": 5, "metrics": {"revenue": {"n": 500, "sum": sum, "sum_sq": sum_sq}}})
    });
    judge(config(rule), &lines).0
}

#[test]
fn a_mean_known_by_sums_holds_and_only_if_critical_takes_back() {
    assert_eq!(revenue(1.0, false).decision, Decision::Healthy);
    let held = revenue(0.7, false);
    assert_eq!(held.decision, Decision::Undecided, "{held:#?}");
    assert!(held.reasons.iter().any(|it| it.contains("looks lower, which holds the canary")), "{held:#?}");
    assert_eq!(revenue(0.7, true).decision, Decision::Harmful);
}

/// Five instances a side, 2 % errors, one with `errors` per hundred.
fn one_worse(worse_arm: &str, errors: u64) -> Vec<String> {
    traffic(120, 5, |_, arm, instance| {
        requests(100, if arm == worse_arm && instance == 3 { errors } else { 2 })
    })
}

#[test]
fn one_noisy_instance_neither_takes_the_canary_back_nor_keeps_it() {
    // Before the evidence would suffice for harm, and long after it did.
    for (early_promotion, how) in [(true, "may be worse"), (false, "is worse")] {
        let canary = judge(Config { early_promotion, ..errors_alone() }, &one_worse("canary", 6)).0;
        assert_eq!(canary.decision, Decision::Healthy, "{canary:#?}");
        let named = format!("Healthy without canary instance `canary-3`, which {how} but is not broken");
        assert!(canary.reasons[0].starts_with(&named), "{canary:#?}");
    }
    let control = judge(errors_alone(), &one_worse("control", 6)).0;
    assert_eq!(control.decision, Decision::Healthy, "{control:#?}");
    assert!(control.reasons[0].starts_with("Every metric rules out harm"), "{control:#?}");
}

#[test]
fn an_instance_that_may_be_broken_holds_the_canary() {
    let config = || Config { early_promotion: false, ..errors_alone() };
    // Nine times control's odds: neither more than ten times nor less is shown.
    let nearly_broken = judge(config(), &one_worse("canary", 16)).0;
    let strict = judge(Config { noisy_share: 0.0, ..config() }, &one_worse("canary", 6)).0;
    for answer in [nearly_broken, strict] {
        assert_eq!(answer.decision, Decision::Undecided, "{answer:#?}");
        let named = "Held: the evidence for harm rests on canary instance `canary-3` alone";
        assert!(answer.reasons.iter().any(|it| it.starts_with(named)), "{answer:#?}");
    }
}

#[test]
fn one_broken_instance_is_harmful_and_named() {
    let lines = traffic(60, 5, |block_idx, arm, instance| {
        let broken = arm == "canary" && instance == 3;
        requests(100, if broken { 5 } else { u64::from(block_idx % 10 == instance) })
    });
    let (answer, _) = judge(errors_alone(), &lines);
    assert_eq!(answer.decision, Decision::Harmful, "{answer:#?}");
    assert!(answer.decided_at_s.unwrap() <= 180.0, "{answer:#?}");
    assert!(answer.reasons[0].starts_with("Canary instance `canary-3` is broken"), "{answer:#?}");
}

/// By then nobody expects the others to be broken, and most of what is asked of them was given up. The first line of one that was
/// never seen comes after its block was judged.
#[test]
fn an_instance_that_comes_late_and_broken_is_found_at_once() {
    let mut lines = traffic(90, 4, |_, arm, instance| {
        requests(100, if arm == "canary" && instance == 3 { 76 } else { 5 })
    });
    let is_yet_to_come = |it: &String| {
        let line: Value = serde_json::from_str(it).unwrap();
        line["instance"] == "canary-3" && line["t"].as_u64() < Some(600)
    };
    lines.retain(|it| !is_yet_to_come(it));
    let (answer, _) = judge(Config { early_promotion: false, ..errors_alone() }, &lines);
    assert_eq!((answer.decision, answer.decided_at_s), (Decision::Harmful, Some(620.0)), "{answer:#?}");
    assert!(answer.reasons[0].starts_with("Canary instance `canary-3` is broken"), "{answer:#?}");
}

#[test]
fn a_cold_start_is_forgiven_and_a_catastrophe_is_not() {
    let by = |errors_at_first: u64| {
        let rule = json!({"warm_up_s": 300, "metrics": [{"name": "errors", "kind": "proportion"}]});
        let lines = traffic(60, 1, |block_idx, arm, _| {
            requests(500, if arm == "canary" && block_idx < 18 { errors_at_first } else { 5 })
        });
        judge(config(rule), &lines).0
    };
    assert_eq!(by(20).decision, Decision::Healthy, "{:#?}", by(20));
    let catastrophe = by(200);
    assert_eq!(catastrophe.decision, Decision::Harmful);
    assert!(catastrophe.reasons[0].starts_with("The canary fails catastrophically during warm-up"));
}

#[test]
fn silence_of_the_canary_is_no_verdict_within_five_minutes() {
    for zeros in [true, false] {
        let mut lines = traffic(120, 1, |block_idx, arm, _| {
            if arm == "canary" && block_idx >= 4 { requests(0, 0) } else { requests(500, 1) }
        });
        if !zeros {
            lines.retain(|it| !it.contains("\"requests\":0"));
        }
        let reason = "The canary has not reported errors for 290 s although control has";
        check(errors_alone(), &lines, Decision::NoVerdict, Some(330.0), reason);
    }
}

#[test]
fn lost_errors_of_a_canary_that_still_reports_requests_are_no_verdict() {
    let lines = traffic(120, 1, |block_idx, arm, _| {
        if arm == "canary" && block_idx >= 4 { json!({"requests": 500}) } else { requests(500, 1) }
    });
    check(errors_alone(), &lines, Decision::NoVerdict, Some(330.0), "The canary has not reported errors");
}

#[test]
fn silence_of_everyone_is_no_verdict() {
    let mut lines = traffic(3, 1, |_, _, _| requests(500, 1));
    lines.push(line(33, "control", "control-0", requests(500, 1)));
    lines.push(line(34, "control", "control-0", requests(500, 1)));
    check(
        errors_alone(),
        &lines,
        Decision::NoVerdict,
        Some(330.0),
        "Neither side reported anything for 300 s",
    );
}

#[test]
fn nothing_to_compare_is_no_verdict() {
    check(errors_alone(), &[], Decision::NoVerdict, None, "There is nothing to compare");
    let control_alone = [line(0, "control", "a", requests(500, 1))];
    check(errors_alone(), &control_alone, Decision::NoVerdict, None, "There is nothing to compare");
    let empty = traffic(5, 1, |_, _, _| requests(0, 0));
    check(errors_alone(), &empty, Decision::NoVerdict, None, "There is nothing to compare");
}

#[test]
fn what_both_sides_share_is_not_held_against_the_canary() {
    let lines = traffic(60, 1, |block_idx, arm, _| {
        // An incident, and weights that go from one in ten to one in two.
        let errors_share = if (20..30).contains(&block_idx) { 0.2 } else { 0.01 };
        let n = if arm == "canary" && block_idx < 25 { 100 } else { 1000 };
        requests(n, (n as f64 * errors_share) as u64)
    });
    let (answer, _) = judge(errors_alone(), &lines);
    assert_eq!(answer.decision, Decision::Healthy, "{answer:#?}");
}

/// Minutes of values around 100, canary's so much greater.
fn shifted(by: f64) -> Vec<String> {
    (0..60_u32)
        .flat_map(|minute| {
            ["control", "canary"].map(|arm| {
                let more = if arm == "canary" { by } else { 0.0 };
                let values: Vec<f64> = (0..200_u32)
                    .map(|idx| 90.0 + f64::from((idx * 37 + minute) % 200) / 10.0 + more)
                    .collect();
                json!({"t": minute * 60, "dt_s": 60, "arm": arm, "latency_ms": values}).to_string()
            })
        })
        .collect()
}

#[test]
fn an_absolute_margin_of_latency_excuses_so_many_milliseconds() {
    let rule = |margin_absolute: Option<f64>| {
        let mut latency = json!({"name": "latency", "kind": "latency", "critical": true});
        if let Some(margin) = margin_absolute {
            latency["margin_absolute"] = json!(margin);
        }
        config(json!({ "metrics": [latency] }))
    };
    let decision = |margin, by| judge(rule(margin), &shifted(by)).0.decision;
    assert_eq!(decision(None, 4.0), Decision::Harmful);
    assert_eq!(decision(Some(1.0), 4.0), Decision::Harmful);
    assert_ne!(decision(Some(5.0), 4.0), Decision::Harmful);
    assert_eq!(decision(Some(5.0), 12.0), Decision::Harmful);
}
