//! The watch after a deployment.

use serde_json::json;
use shipway_analysis::canary::{Answer, Config};
use shipway_model::analysis::Decision;

use super::lines::{config, judge};

fn watch(hours: f64) -> Config {
    config(json!({
        "watch": {"duration_s": hours * 3600.0},
        "metrics": [{"name": "errors", "kind": "proportion", "critical": true}],
    }))
}

/// Minutes of a thousand requests a side, two of which fail; the new version's as many times as many from a minute on.
fn lines(minutes: u64, worse_from: u64, times: u64) -> Vec<String> {
    (0..minutes)
        .flat_map(|minute| {
            ["control", "canary"].map(|arm| {
                let is_worse = arm == "canary" && minute >= worse_from;
                let errors = if is_worse { 2 * times } else { 2 };
                json!({"t": minute * 60, "dt_s": 60, "arm": arm, "requests": 1000, "errors": errors})
                    .to_string()
            })
        })
        .collect()
}

/// Minutes from the change to the alarm.
fn delay(hours: f64, changed_at: u64, times: u64) -> (Answer, f64) {
    let (answer, _) = judge(watch(hours), &lines((hours * 60.0) as u64, changed_at, times));
    assert_eq!(answer.decision, Decision::Harmful, "{answer:#?}");
    let minutes = answer.decided_at_s.unwrap() / 60.0 - changed_at as f64;
    (answer, minutes)
}

#[test]
fn a_watch_ends_without_an_alarm_and_says_what_it_spent() {
    let (answer, _) = judge(watch(12.0), &lines(800, 800, 1));
    assert_eq!((answer.decision, answer.decided_at_s), (Decision::Undecided, Some(43_200.0)), "{answer:#?}");
    assert!(answer.reasons[0].starts_with("The watch is over without an alarm"), "{answer:#?}");
    let watch = answer.watch.unwrap();
    assert!((watch.spent - 0.01).abs() < 1e-12 && watch.elapsed_s == 43_200.0, "{watch:?}");
}

#[test]
fn a_change_after_hours_of_quiet_is_found_and_dated() {
    let (answer, minutes) = delay(12.0, 400, 5);
    assert!((1.0..=10.0).contains(&minutes), "{minutes}: {answer:#?}");
    let since = answer.metrics[0].since_s.unwrap() / 60.0;
    assert!((395.0..=405.0).contains(&since), "{since}");
}

#[test]
fn a_watch_is_more_sensitive_right_after_the_deployment() {
    // A watch of 24 hours spends half of its budget in the first 20 minutes.
    let (early, soon) = delay(24.0, 10, 3);
    let (late, later) = delay(24.0, 1000, 3);
    assert!(soon < later, "{soon} and {later} minutes");
    let per_hour = |answer: &Answer| answer.watch.unwrap().budget_per_hour;
    assert!(per_hour(&early) > 10.0 * per_hour(&late), "{early:#?} {late:#?}");
}

#[test]
fn a_watch_promotes_nothing_and_takes_silence_for_no_health() {
    let (answer, _) = judge(watch(12.0), &lines(300, 300, 1));
    assert_eq!((answer.decision, answer.decided_at_s), (Decision::Undecided, None));
    assert!(answer.reasons[0].starts_with("No alarm so far"), "{answer:#?}");
    let mut silent = lines(300, 300, 1);
    silent.retain(|it| !it.contains("canary") || it.contains("\"t\":0,") || it.contains("\"t\":60,"));
    assert_eq!(judge(watch(12.0), &silent).0.decision, Decision::NoVerdict);
}

#[test]
fn impossible_watches_are_refused() {
    let error = watch(0.001).check().unwrap_err().to_string();
    assert_eq!(error, "`duration_s of watch` is 3.6; it goes from 60 to 2592000");
}
