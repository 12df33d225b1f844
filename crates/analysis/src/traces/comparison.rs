//! The hops of two versions against each other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::forest::{Calls, Forest, Hop};
use crate::compare::{Count, Share, counts, discoveries, samples, shares};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Share of the findings that may be false, on average; 0.05.
    pub false_discoveries: f64,
    /// Ratio of odds (to be slow, to fail) and of calls per trace up to which a hop is not worse; 1.1.
    pub margin: f64,
}

/// What the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub control_traces: u64,
    pub canary_traces: u64,
    pub hops: usize,
    /// Whether a hop slowed, failed, or is called more often.
    pub is_worse: bool,
    /// What costs most first.
    pub findings: Vec<Finding>,
    /// Operations at the root of traces that took longer as a whole.
    pub affected: Vec<String>,
    /// Sentences for people.
    pub reasons: Vec<String>,
}

/// One hop that changed for the worse, or that one version alone has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub change: Change,
    pub hop: String,
    /// Calls.
    pub control: u64,
    pub canary: u64,
    /// Of `slower` the median and 99th percentile of own time in milliseconds, of `failing` the share that failed by
    /// itself, of all others calls per trace.
    pub before: Vec<f64>,
    pub after: Vec<f64>,
    pub p_value: f64,
    /// Own milliseconds per trace of canary beyond control's.
    pub cost_ms: f64,
    /// A trace of canary that shows it.
    pub example: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Failing,
    Slower,
    CalledMoreOften,
    New,
    Gone,
}

const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];
const LEVEL: f64 = 0.95;

impl Default for Rule {
    fn default() -> Self {
        Self { false_discoveries: 0.05, margin: 1.1 }
    }
}

/// Compares every hop of both versions in time, failures and number of calls.
pub fn compare(control: &Forest, canary: &Forest, rule: &Rule) -> Report {
    let hops: BTreeSet<&Hop> = control.hops.keys().chain(canary.hops.keys()).collect();
    let sides = Sides { control, canary, rule };
    let candidates: Vec<Finding> = hops.iter().flat_map(|hop| sides.candidates(hop)).collect();
    let p_values: Vec<f64> = candidates.iter().map(|it| it.p_value).collect();
    let are_found = discoveries(&p_values, rule.false_discoveries);
    let mut findings: Vec<Finding> =
        candidates.into_iter().zip(are_found).filter(|(_, it)| *it).map(|(it, _)| it).collect();
    findings.sort_by(|one, other| {
        let rank = |it: &Finding| (!it.is_worse(), it.change);
        rank(one).cmp(&rank(other)).then(other.cost_ms.total_cmp(&one.cost_ms))
    });
    let reasons: Vec<String> = findings.iter().filter(|it| it.is_worse()).map(Finding::sentence).collect();
    Report {
        control_traces: control.n_traces,
        canary_traces: canary.n_traces,
        hops: hops.len(),
        is_worse: !reasons.is_empty(),
        findings,
        affected: sides.affected(),
        reasons,
    }
}

struct Sides<'a> {
    control: &'a Forest,
    canary: &'a Forest,
    rule: &'a Rule,
}

impl Sides<'_> {
    fn candidates(&self, hop: &Hop) -> Vec<Finding> {
        let none = Calls::default();
        let (old, new) =
            (self.control.hops.get(hop).unwrap_or(&none), self.canary.hops.get(hop).unwrap_or(&none));
        let (n_old, n_new) = (old.own_ms.len() as u64, new.own_ms.len() as u64);
        let per_trace = |it: f64, forest: &Forest| it / (forest.n_traces.max(1)) as f64;
        let own_ms = |calls: &Calls, forest| per_trace(calls.own_ms.iter().sum(), forest);
        let finding = |change, p_value, example: Option<String>| Finding {
            change,
            hop: hop.to_string(),
            control: n_old,
            canary: n_new,
            before: vec![per_trace(n_old as f64, self.control)],
            after: vec![per_trace(n_new as f64, self.canary)],
            p_value,
            cost_ms: own_ms(new, self.canary) - own_ms(old, self.control),
            example,
        };
        let slowest = new.slowest.as_ref().map(|(_, trace)| trace.clone());
        let count = |forest: &Forest, events| Count { exposure: forest.n_traces, events };
        let margin = self.rule.margin;
        let calls = |margin| counts(count(self.control, n_old), count(self.canary, n_new), margin, LEVEL);
        if n_old == 0 {
            return vec![finding(Change::New, calls(1.0).p_more, slowest)];
        }
        if n_new == 0 {
            return vec![finding(Change::Gone, calls(1.0).p_fewer, None)];
        }
        let times = samples(&old.own_ms, &new.own_ms, &QUANTILES, margin, LEVEL);
        let quantiles = |pick: fn(&crate::compare::Quantile) -> Option<f64>| {
            [0, 2].iter().filter_map(|&idx| pick(&times.quantiles[idx])).collect()
        };
        let failed = |calls: &Calls| Share { total: calls.own_ms.len() as u64, hits: calls.n_own_failures };
        let share = |it: Share| it.hits as f64 / it.total as f64;
        let failures = shares(failed(old), failed(new), margin, LEVEL);
        vec![
            Finding {
                before: quantiles(|it| it.old),
                after: quantiles(|it| it.new),
                ..finding(Change::Slower, times.p_greater, slowest.clone())
            },
            Finding {
                before: vec![share(failed(old))],
                after: vec![share(failed(new))],
                ..finding(Change::Failing, failures.p_more, new.failed.clone())
            },
            finding(Change::CalledMoreOften, calls(margin).p_more, slowest),
        ]
    }

    /// Roots whose total time grew, whoever is to blame.
    fn affected(&self) -> Vec<String> {
        let roots: Vec<&Hop> = self.canary.hops.keys().filter(|it| it.caller.is_none()).collect();
        let p_value = |hop: &&Hop| {
            let old = self.control.hops.get(*hop).map_or(&[][..], |it| &it.total_ms);
            samples(old, &self.canary.hops[*hop].total_ms, &QUANTILES, self.rule.margin, LEVEL).p_greater
        };
        let p_values: Vec<f64> = roots.iter().map(p_value).collect();
        let are_found = discoveries(&p_values, self.rule.false_discoveries);
        roots.iter().zip(are_found).filter(|(_, it)| *it).map(|(hop, _)| hop.callee.clone()).collect()
    }
}

impl Finding {
    /// A hop that is merely new or gone is told, and is no fault.
    pub fn is_worse(&self) -> bool {
        matches!(self.change, Change::Failing | Change::Slower | Change::CalledMoreOften)
    }

    fn sentence(&self) -> String {
        let Self { hop, before, after, p_value, .. } = self;
        match self.change {
            Change::Slower => format!(
                "`{hop}` slowed: of its own it takes {:.2} ms in the median, {:.2} ms at the 99th percentile; before {:.2} \
                 and {:.2} (p = {p_value:.1e}).",
                after[0], after[1], before[0], before[1]
            ),
            Change::Failing => format!(
                "`{hop}` fails: {:.2} % of its calls by itself; before {:.2} % (p = {p_value:.1e}).",
                after[0] * 100.0,
                before[0] * 100.0
            ),
            Change::CalledMoreOften | Change::New | Change::Gone => format!(
                "`{hop}` is called {:.2} times per trace; before {:.2} (p = {p_value:.1e}).",
                after[0], before[0]
            ),
        }
    }
}
