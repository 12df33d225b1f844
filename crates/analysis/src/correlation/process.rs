//! Did deployments fail more or less often after a change of process?

use std::collections::BTreeMap;

use super::{Finding, Occurrence, Question, Service};

/// On either side of a date that is compared.
const DEPLOYMENTS_MIN: usize = 10;

pub(super) fn ask(services: &BTreeMap<&str, Service>, changes: &[Occurrence], window_s: f64) -> Vec<Finding> {
    changes.iter().filter_map(|change| of_change(services, change, window_s)).collect()
}

/// None if there are too few deployments on either side.
fn of_change(services: &BTreeMap<&str, Service>, change: &Occurrence, window_s: f64) -> Option<Finding> {
    let concerned = services.iter().filter(|(name, _)| change.service.is_empty() || **name == change.service);
    let mut outcomes: Vec<(f64, bool)> =
        concerned.flat_map(|(_, it)| it.deployments.iter().copied().zip(it.failures(window_s))).collect();
    outcomes.sort_by(|one, other| one.0.total_cmp(&other.0));
    let failures: Vec<bool> = outcomes.iter().map(|(_, fails)| *fails).collect();
    let place = outcomes.partition_point(|(t, _)| *t < change.t);
    let differences = differences(&failures);
    let observed = differences.iter().find(|(it, _)| *it == place)?.1;
    let n_as_great = differences.iter().filter(|(_, it)| it.abs() >= observed.abs() - ROUNDING).count();
    let after = &failures[place..];
    let share_before = failures[..place].iter().filter(|it| **it).count() as f64 / place as f64;
    Some(Finding {
        question: Question::Process,
        service: Some(change.service.clone()).filter(|it| !it.is_empty()),
        name: change.name.clone(),
        deployments: after.len() as u64,
        observed: after.iter().filter(|it| **it).count() as u64,
        expected: share_before * after.len() as f64,
        p_value: n_as_great as f64 / differences.len() as f64,
        p_value_least: 1.0 / differences.len() as f64,
        log_e_value: None,
        is_discovery: false,
    })
}

const ROUNDING: f64 = 1e-12;

/// Share of failures from each place on, less that before it, in units of what chance makes of so many on either side, for
/// every place with enough deployments on both.
fn differences(failures: &[bool]) -> Vec<(usize, f64)> {
    let n = failures.len();
    let total = failures.iter().filter(|it| **it).count() as f64;
    let mut before = 0.0;
    let mut found = Vec::new();
    for (place, fails) in failures.iter().enumerate() {
        if place >= DEPLOYMENTS_MIN && n - place >= DEPLOYMENTS_MIN {
            let (n_before, n_after) = (place as f64, (n - place) as f64);
            let difference = (total - before) / n_after - before / n_before;
            found.push((place, difference / (1.0 / n_before + 1.0 / n_after).sqrt()));
        }
        before += f64::from(u8::from(*fails));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_true_change_stands_out_from_all_others() {
        let services = |n_failing: usize| {
            let deployments: Vec<f64> = (0..100).map(|it| f64::from(it) * 1000.0).collect();
            let incidents = deployments[..n_failing].iter().map(|it| it + 1.0).collect();
            BTreeMap::from([("shop", Service { deployments, incidents, tickets: Vec::new() })])
        };
        let change = |t| Occurrence {
            t,
            kind: super::super::Kind::Process,
            service: String::new(),
            name: "two approvals".to_owned(),
        };
        let found = of_change(&services(60), &change(59_500.0), 10.0).unwrap();
        assert_eq!((found.observed, found.deployments, found.expected), (0, 40, 40.0));
        assert!((found.p_value - 1.0 / 81.0).abs() < 1e-12, "{found:?}");
        let elsewhere = of_change(&services(60), &change(20_500.0), 10.0).unwrap();
        assert!(elsewhere.p_value > 0.5, "{elsewhere:?}");
        assert_eq!(of_change(&services(60), &change(500.0), 10.0), None);
    }
}
