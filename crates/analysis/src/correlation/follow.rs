//! Do incidents, or tickets, follow deployments?

use std::collections::BTreeMap;

use crate::evidence::log_mean;

use super::law::Law;
use super::{Finding, Question, Rule, Service, WEEK_S, is_followed};

/// How many times as many deployments are followed under the alternatives that the e-value bets on, in equal parts.
const RATIOS: [f64; 4] = [1.5, 2.0, 4.0, 8.0];

/// What the weeks of one service, or of several, say.
#[derive(Debug, Clone)]
struct Weeks {
    deployments: u64,
    observed: u64,
    law: Law,
    /// Logarithms of the e-values, per ratio.
    log_e_values: [f64; RATIOS.len()],
}

pub(super) fn ask(services: &BTreeMap<&str, Service>, n_weeks: usize, rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    for question in [Question::IncidentsFollow, Question::TicketsFollow] {
        let mut all = Weeks::none();
        for (name, service) in services {
            let instants =
                if question == Question::TicketsFollow { &service.tickets } else { &service.incidents };
            let weeks = Weeks::of(&service.deployments, instants, n_weeks, rule);
            if weeks.deployments == 0 || instants.is_empty() {
                continue;
            }
            all.join(&weeks);
            findings.push(weeks.finding(question, Some((*name).to_owned())));
        }
        // Of one service alone it would be the same question twice.
        if findings.iter().filter(|it| it.question == question).count() > 1 {
            findings.push(all.finding(question, None));
        }
    }
    findings
}

impl Weeks {
    fn none() -> Self {
        Self { deployments: 0, observed: 0, law: Law::zero(), log_e_values: [0.0; RATIOS.len()] }
    }

    /// Those of one service, stratum by stratum. A last stratum of a single week has nothing to deal out.
    fn of(deployments: &[f64], instants: &[f64], n_weeks: usize, rule: &Rule) -> Self {
        let mut weeks = Self::none();
        for first in (0..n_weeks).step_by(rule.stratum_weeks) {
            let n = rule.stratum_weeks.min(n_weeks - first);
            let followed = Followed::new(deployments, instants, first..first + n, rule.window_s);
            weeks.join(&followed.stratum());
        }
        weeks
    }

    fn join(&mut self, other: &Self) {
        self.deployments += other.deployments;
        self.observed += other.observed;
        self.law = self.law.plus(&other.law);
        self.log_e_values.iter_mut().zip(other.log_e_values).for_each(|(sum, it)| *sum += it);
    }

    fn finding(&self, question: Question, service: Option<String>) -> Finding {
        let share = 1.0 / RATIOS.len() as f64;
        Finding {
            question,
            service,
            name: String::new(),
            deployments: self.deployments,
            observed: self.observed,
            expected: self.law.mean(),
            p_value: self.law.at_least(self.observed),
            p_value_least: self.law.least_upper_tail(),
            log_e_value: Some(log_mean(self.log_e_values.iter().map(|it| (share, *it)))),
            is_discovery: false,
        }
    }
}

/// How many deployments of each week of a stratum are followed, if that week is put into the place of each other one.
struct Followed {
    deployments: u64,
    counts: Vec<Vec<u64>>,
}

impl Followed {
    fn new(deployments: &[f64], instants: &[f64], weeks: std::ops::Range<usize>, window_s: f64) -> Self {
        let of_week = |week: usize| {
            let place = |end: usize| deployments.partition_point(|it| *it < end as f64 * WEEK_S);
            &deployments[place(week)..place(week + 1)]
        };
        let count = |from: usize, to: usize| {
            let moved = of_week(from).iter().map(|it| it + (to as f64 - from as f64) * WEEK_S);
            moved.filter(|it| is_followed(*it, instants, window_s)).count() as u64
        };
        let counts = weeks.clone().map(|from| weeks.clone().map(|to| count(from, to)).collect()).collect();
        Self { deployments: weeks.map(|it| of_week(it).len() as u64).sum(), counts }
    }

    fn stratum(&self) -> Weeks {
        let n = self.counts.len();
        let sum = |places: &[usize]| places.iter().enumerate().map(|(from, to)| self.counts[from][*to]).sum();
        let as_it_was: Vec<usize> = (0..n).collect();
        let observed: u64 = sum(&as_it_was);
        let mut sums = Vec::new();
        permute(&mut as_it_was.clone(), 0, &mut |places| sums.push(sum(places)));
        let law = Law::of(&sums);
        // Over all permutations its average is one: an e-value given everything but the order of the weeks.
        let log_e_values = RATIOS.map(|ratio| observed as f64 * ratio.ln() - law.log_moment(ratio));
        Weeks { deployments: self.deployments, observed, law, log_e_values }
    }
}

/// Tells every order of the items from `from` on.
fn permute(items: &mut [usize], from: usize, tell: &mut impl FnMut(&[usize])) {
    if from + 1 >= items.len() {
        return tell(items);
    }
    for idx in from..items.len() {
        items.swap(from, idx);
        permute(items, from + 1, tell);
        items.swap(from, idx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: f64 = 86_400.0;

    #[test]
    fn a_stratum_of_two_weeks_is_worked_by_hand() {
        // Two deployments in the first week, none in the second; incidents follow both, and none would a week later.
        let deployments = [1.0 * DAY_S, 3.0 * DAY_S];
        let incidents = [1.5 * DAY_S, 3.5 * DAY_S];
        let rule = Rule { stratum_weeks: 2, ..Rule::default() };
        let found = Weeks::of(&deployments, &incidents, 2, &rule);
        assert_eq!((found.deployments, found.observed), (2, 2));
        assert!((found.law.at_least(2) - 0.5).abs() < 1e-9 && (found.law.mean() - 1.0).abs() < 1e-12);
        // 2² / ((2² + 1) / 2).
        assert!((found.log_e_values[1] - 1.6_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn orders_are_all_told_once() {
        let mut found = Vec::new();
        permute(&mut [0, 1, 2, 3], 0, &mut |it| found.push(it.to_vec()));
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 24);
    }
}
