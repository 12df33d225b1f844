//! The judge in the simulator: the rates that are promised, on fixed seeds.

use shipway_analysis::canary::Config;
use shipway_analysis::simulation::{JudgeName, Outcome, Report, Scenario, Traffic, scenarios};

fn scenario(name: &str) -> Scenario {
    scenarios().into_iter().find(|it| it.name == name).expect("there is such a scenario")
}

/// The scenario at a tenth of its length, which is what a debug build plays in a moment.
fn shortened(name: &str) -> Scenario {
    let it = scenario(name);
    Scenario { traffic: Traffic { duration_s: 600.0, ..it.traffic }, ..it }
}

fn own(scenario: &Scenario, n_runs: u64) -> Vec<Outcome> {
    (0..n_runs).map(|seed| scenario.run_own(seed)).collect()
}

#[test]
fn the_same_seed_gives_the_same_hour() {
    let it = shortened("errors-1");
    assert_eq!(it.run(3), it.run(3));
    assert_ne!(it.run(3), it.run(4));
}

#[test]
fn names_are_unique_and_configurations_good() {
    let all = scenarios();
    let names: std::collections::BTreeSet<_> = all.iter().map(|it| &it.name).collect();
    assert_eq!(names.len(), all.len());
    for it in &all {
        it.config.check().unwrap();
        it.traffic.check().unwrap();
    }
}

#[test]
fn harmless_canaries_are_not_taken_back() {
    for name in ["steady", "noisy-control", "noisy-canary", "low-traffic"] {
        let report = Report::of(&own(&shortened(name), 12));
        // At a rate of 0.5 % one of twelve runs would be taken back in 6 % of all choices of seeds; these are fixed.
        assert_eq!(report.taken_back.estimate, 0.0, "{name}: {report:?}");
    }
}

/// A test that spends alpha on each of its 22 metrics would take back about a fifth of these.
#[test]
fn many_metrics_share_one_bound() {
    let it = shortened("many-metrics");
    assert_eq!(it.config.metrics.len(), 22);
    let report = Report::of(&own(&it, 6));
    assert_eq!((report.taken_back.estimate, report.no_verdict.estimate), (0.0, 0.0), "{report:?}");
}

#[test]
fn failing_canaries_are_found_in_time() {
    for (name, minutes) in
        [("errors-1", 1.0), ("errors-0.5", 2.5), ("tail-1.25", 3.5), ("broken-instance", 3.0)]
    {
        let report = Report::of(&own(&shortened(name), 9));
        assert_eq!(report.taken_back.estimate, 1.0, "{name}: {report:?}");
        assert!(report.minutes_to_decision.unwrap() <= minutes, "{name}: {report:?}");
    }
}

#[test]
fn silence_is_no_verdict_within_five_minutes_and_never_health() {
    for outcome in own(&shortened("telemetry-lost"), 5) {
        assert!(outcome.taken_back.is_none() && outcome.promoted.is_none(), "{outcome:?}");
        // Counted from the loss.
        assert_eq!(outcome.no_verdict.unwrap().at_s, 290.0);
    }
}

#[test]
fn a_cold_start_is_taken_back_without_a_warm_up_and_forgiven_with_it() {
    let forgiving = shortened("cold-start");
    let hasty =
        Scenario { config: Config { warm_up_s: 0.0, ..forgiving.config.clone() }, ..forgiving.clone() };
    assert_eq!(Report::of(&own(&forgiving, 4)).taken_back.estimate, 0.0);
    assert_eq!(Report::of(&own(&hasty, 4)).taken_back.estimate, 1.0);
}

#[test]
fn the_other_judges_play_the_same_hour() {
    let it = shortened("errors-5");
    let trial = it.run(1);
    let minutes = |judge| {
        let (_, outcome) = trial.outcomes.iter().find(|(name, _)| *name == judge).unwrap();
        outcome.taken_back.map(|it| it.at_s / 60.0)
    };
    assert_eq!(minutes(JudgeName::KayentaEvery10), Some(10.0));
    assert_eq!(minutes(JudgeName::KayentaEvery5), Some(5.0));
    assert_eq!(minutes(JudgeName::Flagger), Some(5.0));
    assert!(minutes(JudgeName::Shipway).unwrap() <= 0.5);
}
