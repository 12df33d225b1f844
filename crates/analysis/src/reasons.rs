//! The reasons of a verdict, as sentences with their numbers.

use shipway_model::analysis::Decision;

use crate::block::InvalidBlock;
use crate::judge::Judge;
use crate::latency::{CONTROL_REQUESTS_MIN, Latency};
use crate::metric::{Metric, share};

/// The weightiest first.
pub(crate) fn of(judge: &Judge, decision: Decision) -> Vec<String> {
    match decision {
        Decision::NoVerdict => vec![silence(judge)],
        Decision::Harmful => {
            let mut metrics: Vec<&Metric> = judge.metrics().collect();
            metrics.sort_by(|one, other| other.log_harm().total_cmp(&one.log_harm()));
            let mut reasons: Vec<String> = metrics.into_iter().map(comparison).collect();
            reasons.insert(1, combined(judge));
            reasons
        }
        Decision::Healthy => {
            let mut reasons = vec![health(judge)];
            reasons.extend(judge.metrics().map(comparison));
            reasons.push(combined(judge));
            reasons
        }
        Decision::Undecided => {
            let mut reasons = missing(judge);
            reasons.extend(judge.metrics().map(comparison));
            reasons.push(combined(judge));
            reasons
        }
    }
}

/// One sentence about the blocks that did not count, if there are any; `left_out` holds their places from zero.
pub(crate) fn left_out(left_out: &[(usize, InvalidBlock)], n_blocks: usize) -> Option<String> {
    let (idx, error) = left_out.first()?;
    let n_left_out = left_out.len();
    Some(format!(
        "{n_left_out} of {n_blocks} blocks were left out as invalid, the first of them block {}: {error}.",
        idx + 1
    ))
}

fn silence(judge: &Judge) -> String {
    let seen = &judge.errors.seen;
    match (seen.canary_total, seen.control_total) {
        (0, 0) => "Neither canary nor control had a request; silence is never taken for health.".to_owned(),
        (0, control) => format!(
            "The canary had no request while control had {control}; silence is never taken for health."
        ),
        (canary, _) => {
            format!("Control had no request, so there is nothing to compare the canary's {canary} with.")
        }
    }
}

fn comparison(metric: &Metric) -> String {
    let seen = &metric.seen;
    let verb = if metric.name == "errors" {
        "failed".to_owned()
    } else {
        metric.name.replace("latency over", "took more than")
    };
    format!(
        "{} of {} canary requests {verb} ({}), control {} of {} ({}); e-value {}.",
        seen.canary_hits,
        seen.canary_total,
        percent(share(seen.canary_hits, seen.canary_total)),
        seen.control_hits,
        seen.control_total,
        percent(share(seen.control_hits, seen.control_total)),
        e_value(metric.log_harm()),
    )
}

fn combined(judge: &Judge) -> String {
    let (found, needed) = (judge.log_harm(), judge.log_harm_needed());
    let (relation, meaning) = if found >= needed {
        ("≥", "the canary is worse by more than the margin")
    } else {
        ("<", "not enough to call the canary worse by more than the margin")
    };
    format!(
        "All metrics together have e-value {} {relation} {}: {meaning}; a call of harm is wrong with a probability of \
         at most {}.",
        e_value(found),
        e_value(needed),
        percent(judge.rule.alpha)
    )
}

fn health(judge: &Judge) -> String {
    format!(
        "Over {} canary requests every metric rules out {} times the control's odds, each with an e-value of at least \
         {}; a canary that bad passes with a probability of at most {}.",
        judge.errors.seen.canary_total,
        judge.rule.harm_odds,
        e_value(judge.log_health_needed()),
        percent(judge.rule.beta)
    )
}

/// What stands between the canary and being called healthy.
fn missing(judge: &Judge) -> Vec<String> {
    let mut reasons = Vec::new();
    let (seen, rule) = (&judge.errors.seen, &judge.rule);
    if judge.canary_silent {
        reasons.push("The canary had no request in the last block although control had.".to_owned());
    }
    if seen.canary_total < rule.requests_min {
        reasons.push(format!(
            "The canary has had {} requests of the {} needed to be called healthy.",
            seen.canary_total, rule.requests_min
        ));
    }
    for metric in judge.unproven() {
        reasons.push(unproven(judge, metric));
    }
    if !judge.is_latency_compared_if_reported() {
        reasons.push(match judge.latency {
            Latency::Gathering { .. } => format!(
                "Latency is not compared yet: its thresholds are set by the first {CONTROL_REQUESTS_MIN} requests of \
                 control."
            ),
            Latency::Unreported | Latency::Comparing { .. } => {
                "No edge of the latency histogram lies among control's requests, so the canary cannot be shown to be \
                 as fast."
                    .to_owned()
            }
        });
    }
    reasons
}

fn unproven(judge: &Judge, metric: &Metric) -> String {
    let Metric { name, seen, .. } = metric;
    if seen.canary_hits + seen.control_hits == 0 {
        return format!("No request of either side counts for {name}, so the odds cannot be compared.");
    }
    format!(
        "Not yet ruled out on {name}: {} times the control's odds (e-value {} of the {} needed).",
        judge.rule.harm_odds,
        e_value(metric.log_health()),
        e_value(judge.log_health_needed())
    )
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// An e-value given as its logarithm, in as many digits as anyone reads.
fn e_value(log: f64) -> String {
    if log >= 1e6_f64.ln() {
        format!("10^{:.0}", log / std::f64::consts::LN_10)
    } else if log >= 10_f64.ln() - 1e-9 {
        format!("{:.0}", log.exp())
    } else {
        format!("{:.2}", log.exp())
    }
}
