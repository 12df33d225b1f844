//! A load test that held, and is no worse than what runs.

mod likeness;

use shipway_analysis::compare::{self, Share};
use shipway_model::EvidenceId;
use shipway_model::evidence::{Kind, Load as Measured};
use shipway_model::resource::policy::{Load, Regression};

use super::{missing, percent};
use crate::counting::View;
use crate::found::Found;

/// The quantiles of latency that are compared.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];
/// A load test with less than this share of the other's rate of requests is no like for like.
const LIKE_FOR_LIKE: f64 = 0.5;

pub(crate) fn judge(rule: &Load, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Load);
    let measured = counted.documents.iter().filter_map(|(id, it)| Some((*id, it.load.as_ref()?)));
    let tests: Vec<(EvidenceId, &Measured)> = measured.collect();
    let Some((id, latest)) = tests.last() else { return missing("load test", &counted, view) };
    let (mut faults, mut remarks) = (Vec::new(), Vec::new());
    for (_, test) in &tests {
        bounds(rule, test, &mut faults);
    }
    if let Some(regression) = &rule.regression {
        let baseline = view.baseline(Kind::Load);
        match baseline.iter().filter_map(|(_, it)| it.load.as_ref()).next_back() {
            None => remarks.push("no load test of what runs now to compare with".to_owned()),
            Some(before) => compare_with(regression, before, latest, &mut faults, &mut remarks),
        }
    }
    remarks.extend(likeness::shortfalls(rule, *id, latest, view));
    let requests: u64 = tests.iter().map(|(_, it)| it.requests).sum();
    let mut found = Found::unless(faults, format!("{requests} requests held")).shown_by(counted.ids());
    found.reasons.extend(remarks);
    found
}

fn bounds(rule: &Load, test: &Measured, faults: &mut Vec<String>) {
    let Measured { requests, errors, latency_ms, .. } = test;
    if let Some(min) = rule.min_requests.filter(|min| requests < min) {
        faults.push(format!("{requests} requests were made, and at least {min} are asked for"));
    }
    if let Some(max) = rule.max_error_rate {
        if *requests == 0 {
            faults.push("no request was made".to_owned());
        } else if (*errors as f64) * 100.0 > max * *requests as f64 {
            let rate = percent(*errors, *requests);
            faults
                .push(format!("{errors} of {requests} requests failed ({rate} %), and at most {max} % may"));
        }
    }
    for (name, max, measured) in
        [("p99", rule.max_p99, latency_ms.p99), ("p95", rule.max_p95, latency_ms.p95)]
    {
        let Some(max) = max else { continue };
        match measured {
            None => faults.push(format!("the load test does not say its {name}")),
            Some(ms) if ms > max.0 as f64 => {
                faults.push(format!("{name} is {ms} ms, and at most {max} may be"));
            }
            Some(_) => {}
        }
    }
    for (name, _) in test.thresholds.iter().filter(|(_, held)| !**held) {
        faults.push(format!("the load test's own threshold `{name}` did not hold"));
    }
}

fn compare_with(
    rule: &Regression,
    before: &Measured,
    now: &Measured,
    faults: &mut Vec<String>,
    remarks: &mut Vec<String>,
) {
    let level = 1.0 - rule.alpha;
    let share = |it: &Measured| Share { total: it.requests, hits: it.errors };
    // Half of the chance of a false stop for errors, half for latency.
    let alpha = rule.alpha / 2.0;
    let errors = compare::shares(share(before), share(now), rule.margin, level);
    if errors.p_more <= alpha {
        let (was, is) = (percent(before.errors, before.requests), percent(now.errors, now.requests));
        let margin = rule.margin;
        faults.push(format!(
            "{is} % of requests fail, {was} % of what runs now (p {:.2e} beyond {margin} times)",
            errors.p_more
        ));
    }
    if before.sample_ms.is_empty() || now.sample_ms.is_empty() {
        let which = if now.sample_ms.is_empty() { "this" } else { "the earlier" };
        remarks
            .push(format!("{which} load test keeps no single latencies, so latency is left to the canary"));
    } else {
        let latency = compare::samples(&before.sample_ms, &now.sample_ms, &QUANTILES, rule.margin, level);
        if latency.p_greater <= alpha {
            let told: Vec<String> = latency
                .quantiles
                .iter()
                .filter_map(|it| Some(format!("p{} {:.1} → {:.1} ms", it.of * 100.0, it.old?, it.new?)))
                .collect();
            faults.push(format!(
                "requests take longer than those of what runs now: {} (p {:.2e})",
                told.join(", "),
                latency.p_greater
            ));
        }
    }
    // Where the test falls short of what it is compared with, it says so rather than claim more than it saw.
    if let (Some(was), Some(is)) = (before.rps, now.rps)
        && is < was * LIKE_FOR_LIKE
    {
        remarks.push(format!("it made {is:.0} requests per second where the earlier one made {was:.0}: what shows only under that load is left to the canary"));
    }
}
