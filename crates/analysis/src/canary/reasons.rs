//! The reasons of an answer, as sentences with their numbers.

use super::channel::{Channel, View};
use super::config::{Baseline, Config, Kind};
use super::judge::Analysis;
use super::metric::Metric;
use super::observation::Arm;

/// What the answer rests on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cause {
    Main,
    WarmUp,
    /// The slot of the canary instance.
    Instance(usize),
    Silence {
        metric: String,
        arm: Arm,
        seconds: f64,
    },
    /// Seconds in which nobody reported.
    Gap(f64),
    NothingToCompare,
    Health,
    /// The whole watch has passed.
    WatchOver,
    NotYet,
}

pub(super) fn of(analysis: &Analysis, cause: &Cause) -> Vec<String> {
    let mut reasons = Vec::new();
    if matches!(cause, Cause::Health) {
        reasons.extend(left_out(analysis));
    }
    reasons.push(first(analysis, cause));
    if matches!(cause, Cause::NotYet) {
        reasons.extend(missing(analysis));
    }
    if matches!(cause, Cause::Main | Cause::Instance(_)) {
        reasons.extend(caution(analysis));
    }
    let mut metrics: Vec<&Metric> = analysis.metrics.iter().collect();
    metrics.sort_by(|one, other| other.log_harm(View::Whole).total_cmp(&one.log_harm(View::Whole)));
    reasons.extend(metrics.into_iter().filter_map(comparison));
    reasons
}

fn first(analysis: &Analysis, cause: &Cause) -> String {
    let alpha = percent(analysis.config.alpha);
    let e_value_in = |view| e_value(analysis.log_harm(view));
    match cause {
        Cause::Main => format!(
            "The canary is worse by more than the margin: all metrics together have e-value {} ≥ {}, also without any \
             one instance; the chance of such a call without cause is at most {alpha}.",
            e_value_in(View::Whole),
            e_value(analysis.needed(Config::MAIN_SHARE)),
        ),
        Cause::WarmUp => format!(
            "The canary fails catastrophically during warm-up: more than {} times the odds, with e-value {}; the chance \
             of such a call without cause is at most {alpha}.",
            analysis.config.severe_margin,
            e_value_in(View::WarmUp),
        ),
        Cause::Instance(slot) => format!(
            "Canary instance `{}` is broken: more than {} times control's odds, with e-value {}; the chance of such a \
             call without cause is at most {alpha}.",
            analysis.assembly.roster.name(Arm::Canary, *slot),
            analysis.config.severe_margin,
            e_value_in(View::Instance(*slot)),
        ),
        Cause::Silence { metric, arm, seconds } => {
            let (silent, other) = match arm {
                Arm::Canary => ("The canary", "control"),
                Arm::Control => ("Control", "the canary"),
            };
            format!(
                "{silent} has not reported {metric} for {seconds:.0} s although {other} has; silence is never taken for \
                 health."
            )
        }
        Cause::Gap(seconds) => format!(
            "Neither side reported anything for {seconds:.0} s; what happened meanwhile is not known, and silence is \
             never taken for health."
        ),
        Cause::NothingToCompare => {
            "There is nothing to compare: canary and control never both reported a metric; silence is never taken for \
             health."
                .to_owned()
        }
        Cause::Health => format!(
            "Every metric rules out harm (by its own measure, usually twice control's odds) with an e-value of at least \
             {}; a canary that bad, and through no fault of one sound instance, passes with a chance of at most {}.",
            e_value(analysis.health_needed()),
            percent(analysis.config.beta),
        ),
        Cause::WatchOver => format!(
            "The watch is over without an alarm; over all of it a false one had a chance of at most {alpha}."
        ),
        Cause::NotYet if analysis.config.watch.is_some() => format!(
            "No alarm so far: all metrics together have e-value {} of the {} needed.",
            e_value_in(View::Whole),
            e_value(analysis.needed(Config::MAIN_SHARE)),
        ),
        Cause::NotYet => format!(
            "Not decided: all metrics together have e-value {} of the {} needed to call the canary harmful.",
            e_value_in(View::Whole),
            e_value(analysis.needed(Config::MAIN_SHARE)),
        ),
    }
}

/// Which instance a healthy canary is healthy without.
fn left_out(analysis: &Analysis) -> Option<String> {
    let needed = analysis.health_needed();
    let (slot, how) = match analysis.noisy_instance().filter(|_| analysis.is_main_harm()) {
        Some(slot) => (slot, "is worse"),
        None => (analysis.metrics.iter().find_map(|it| it.healthy_without(needed))?, "may be worse"),
    };
    Some(format!(
        "Healthy without canary instance `{}`, which {how} but is not broken: {} times control's odds are ruled out. Look at its \
         host.",
        analysis.assembly.roster.name(Arm::Canary, slot),
        analysis.config.severe_margin,
    ))
}

/// What a reader has to know of what the canary was compared with.
fn caution(analysis: &Analysis) -> Option<String> {
    match analysis.config.baseline {
        Baseline::Concurrent | Baseline::Fresh => None,
        Baseline::Previous => Some(
            "Control is the past: what changed since then for other reasons is not told from the deployment."
                .to_owned(),
        ),
        Baseline::Seasonal => {
            let n_periods = analysis.assembly.roster.n_slots(Arm::Control);
            Some(format!(
                "Control is {n_periods} past periods, and this one is worse than each; of {} periods alike each is the \
                 worst with a chance of one in {}.",
                n_periods + 1,
                n_periods + 1,
            ))
        }
    }
}

/// What stands between the canary and a decision.
fn missing(analysis: &Analysis) -> Vec<String> {
    let mut reasons = Vec::new();
    if analysis.is_main_harm()
        && let Some((arm, slot)) = analysis.suspect()
    {
        reasons.push(format!(
            "Held: the evidence for harm rests on {} instance `{}` alone; replace it and test again.",
            side(arm),
            analysis.assembly.roster.name(arm, slot),
        ));
    }
    if analysis.config.watch.is_some() {
        return reasons;
    }
    let needed = analysis.health_needed();
    for metric in &analysis.metrics {
        let name = &metric.config.name;
        if let Some((arm, seconds)) = metric.silence.at(analysis.end()) {
            reasons.push(format!("The {} has not reported {name} for {seconds:.0} s.", side(arm)));
        } else if metric.canary_units == 0 {
            reasons.push(format!("{name}: the two sides have not been compared yet."));
        } else if !metric.has_enough_samples() {
            reasons.push(format!(
                "{name}: {} units of the canary of the {} needed.",
                metric.canary_units,
                metric.config.min_samples()
            ));
        } else if analysis.is_held_by(metric) {
            reasons.push(format!(
                "{name}: the mean looks {}, which holds the canary but proves nothing.",
                metric.worse()
            ));
        } else if metric.log_health() < needed {
            reasons.push(format!(
                "{name}: a ratio of {} is not ruled out yet (e-value {} of the {} needed).",
                metric.config.harm(),
                e_value(metric.log_health()),
                e_value(needed)
            ));
        }
    }
    reasons
}

fn comparison(metric: &Metric) -> Option<String> {
    let name = &metric.config.name;
    let found = e_value(metric.log_harm(View::Whole));
    if metric.is_soft() {
        return (metric.canary_units > 0).then(|| {
            format!("{name}: e-value {found} by its sums alone, which holds in the limit of many units.")
        });
    }
    let Channel { label, seen, .. } = metric.loudest()?;
    if metric.config.kind == Kind::Count {
        return Some(format!(
            "{label}: canary {}, control {}; e-value {found} that canary's are {}.",
            seen.canary_hits,
            seen.control_hits,
            metric.worse(),
        ));
    }
    Some(format!(
        "{label}: canary {} of {} ({}), control {} of {} ({}); e-value {found} that canary's share is {}.",
        seen.canary_hits,
        seen.canary_total,
        share(seen.canary_hits, seen.canary_total),
        seen.control_hits,
        seen.control_total,
        share(seen.control_hits, seen.control_total),
        metric.worse(),
    ))
}

const fn side(arm: Arm) -> &'static str {
    match arm {
        Arm::Canary => "canary",
        Arm::Control => "control",
    }
}

fn share(hits: u64, total: u64) -> String {
    if total == 0 { "none".to_owned() } else { percent(hits as f64 / total as f64) }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent != 0.0 && percent < 0.01 { format!("{percent:.1e} %") } else { format!("{percent:.2} %") }
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
