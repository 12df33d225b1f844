//! Do deployments fail more or less often when they come soon after another?

use std::collections::BTreeMap;

use super::law::Law;
use super::{Finding, Question, Service};

/// With fewer there is next to nothing to shift.
const DEPLOYMENTS_MIN: usize = 20;

pub(super) fn ask(services: &BTreeMap<&str, Service>, window_s: f64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut all_law, mut all_observed, mut all_deployments) = (Law::zero(), 0, 0);
    for (name, service) in services {
        let failures = service.failures(window_s);
        if failures.len() < DEPLOYMENTS_MIN || !failures.contains(&true) {
            continue;
        }
        let (law, observed) = shifted(&are_soon(&service.deployments), &failures[1..]);
        all_law = all_law.plus(&law);
        all_observed += observed;
        all_deployments += failures.len() as u64 - 1;
        findings.push(finding(Some((*name).to_owned()), failures.len() as u64 - 1, observed, &law));
    }
    if findings.len() > 1 {
        findings.push(finding(None, all_deployments, all_observed, &all_law));
    }
    findings
}

fn finding(service: Option<String>, deployments: u64, observed: u64, law: &Law) -> Finding {
    Finding {
        question: Question::Cadence,
        service,
        name: String::new(),
        deployments,
        observed,
        expected: law.mean(),
        p_value: law.either_way(observed),
        p_value_least: (2.0 * law.least_upper_tail().min(law.least_lower_tail())).min(1.0),
        log_e_value: None,
        is_discovery: false,
    }
}

/// Per deployment but the first, whether it came sooner after the one before than the service's usually do.
fn are_soon(deployments: &[f64]) -> Vec<bool> {
    let gaps: Vec<f64> = deployments.windows(2).map(|it| it[1] - it[0]).collect();
    let mut sorted = gaps.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    gaps.iter().map(|it| *it < median).collect()
}

/// How many failures fall on deployments that came soon, over all shifts of the one against the other and as it was.
fn shifted(are_soon: &[bool], failures: &[bool]) -> (Law, u64) {
    let n = failures.len();
    let count =
        |shift: usize| (0..n).filter(|idx| are_soon[*idx] && failures[(idx + shift) % n]).count() as u64;
    let counts: Vec<u64> = (0..n).map(count).collect();
    (Law::of(&counts), counts[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_hasty_deployments_stand_out_from_their_shifts() {
        // Every fifth deployment is hasty and fails.
        let are_soon: Vec<bool> = (0..50).map(|it| it % 5 == 0).collect();
        let (law, observed) = shifted(&are_soon, &are_soon);
        assert_eq!(observed, 10);
        // Every fifth shift is as extreme, as the rhythm is the same: no more than that can be said.
        assert!((law.at_least(observed) - 0.2).abs() < 1e-9);
        let irregular: Vec<bool> = (0..50).map(|it| [3, 4, 11, 29, 30, 31, 44].contains(&it)).collect();
        let (law, observed) = shifted(&irregular, &irregular);
        assert!((law.at_least(observed) - 0.02).abs() < 1e-9);
    }

    #[test]
    fn soon_is_less_than_the_usual_distance() {
        assert_eq!(are_soon(&[0.0, 10.0, 11.0, 21.0, 40.0]), [false, true, false, false]);
    }
}
