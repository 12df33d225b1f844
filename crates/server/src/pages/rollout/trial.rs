//! A canary on trial: what speaks for it and against it, how far that is from a decision, and the numbers behind it.

use shipway_api::view::StepView;
use shipway_api::view::analysis::StepAnalysis;
use shipway_model::Millis;
use shipway_model::analysis::{
    Decision, Finding, LogLine, MetricVerdict, Point, Ratio, Series, Signal, Verdict,
};
use shipway_model::resource::strategy::OnUndecided;

use crate::pages::drawing::Svg;
use crate::pages::drawing::chart::{Boundary, Chart, Line};
use crate::pages::moment::{self, Clock, Moment};
use crate::pages::prose::Prose;
use crate::pages::words::{self, Badge};

use self::pace::{Ahead, Pace};

mod pace;

pub(super) struct Trial {
    pub(super) title: String,
    pub(super) badge: Badge,
    pub(super) control: String,
    pub(super) canary: String,
    pub(super) requests: String,
    pub(super) errors: String,
    pub(super) elapsed: String,
    /// When it will decide, and by what.
    pub(super) rule: String,
    /// When that is likely to be, while it is open.
    pub(super) ahead: Option<String>,
    pub(super) reasons: Vec<Prose>,
    /// Evidence over time, as a share of what decides.
    pub(super) evidence: Option<Svg>,
    /// The latest evidence in words.
    pub(super) distance: Option<Distance>,
    pub(super) metrics: Vec<Metric>,
    /// What metrics, logs and traces say, the gravest first.
    pub(super) findings: Vec<Found>,
}

/// A finding, and where it leads.
pub(super) struct Found {
    /// `logs: new`, `metrics: harmful`.
    pub(super) of: String,
    pub(super) what: String,
    /// The first that speaks against the new version; the others are folded.
    pub(super) is_open: bool,
    /// How often each version had it; nothing of metrics.
    pub(super) counts: String,
    pub(super) leads: Vec<Lead>,
}

/// Something that can be looked at, and when it was.
pub(super) struct Lead {
    pub(super) word: &'static str,
    pub(super) at: Option<Moment>,
    pub(super) text: String,
}

/// How far the evidence is from each boundary, in percent of it.
pub(super) struct Distance {
    pub(super) harm: u8,
    pub(super) health: u8,
    /// It was decided, and not by what the curve shows: one instance, a log or a metric of its own was enough.
    pub(super) is_decided_elsewhere: bool,
}

pub(super) struct Metric {
    pub(super) name: String,
    /// In which it is counted, where that is said once for a whole chart.
    pub(super) unit: String,
    pub(super) control: String,
    pub(super) canary: String,
    /// New over old with its bounds, or a dash.
    pub(super) ratio: String,
    pub(super) chart: Option<Svg>,
}

impl Trial {
    /// Nothing while the analysis has seen nothing.
    pub(super) fn new(analysis: &StepAnalysis, steps: &[StepView], clock: &Clock) -> Option<Self> {
        let verdict = analysis.verdict.as_ref()?;
        let step = steps.iter().find(|it| it.id == analysis.step);
        let rule = &analysis.rule;
        let named = |it: &MetricVerdict| Metric {
            name: it.name.clone(),
            unit: it.unit.clone().unwrap_or_default(),
            control: value(it, it.control),
            canary: value(it, it.canary),
            ratio: it.effect.as_ref().and_then(ratio).unwrap_or_else(|| "–".to_owned()),
            chart: metric_chart(&it.name, &analysis.points),
        };
        Some(Self {
            title: step.map_or_else(|| analysis.service.to_string(), |it| it.title.clone()),
            badge: words::of_decision(verdict.decision),
            control: analysis.control.to_string(),
            canary: analysis.canary.to_string(),
            requests: words::count(verdict.canary_requests, "request"),
            errors: words::grouped(verdict.canary_errors),
            elapsed: moment::length(analysis.elapsed),
            ahead: (verdict.decision == Decision::Undecided && analysis.under_way)
                .then(|| ahead(analysis, verdict)),
            rule: format!(
                "Harm is decided at any look, wrongly with a chance of at most {}; health not before {} and {}.",
                percent(rule.alpha),
                moment::length(rule.bake),
                words::count(rule.requests, "request"),
            ),
            reasons: verdict.reasons.iter().map(|it| clock.prose(&exponents(it))).collect(),
            evidence: evidence_chart(&analysis.points),
            distance: analysis.points.last().and_then(|it| distance(it, verdict.decision)),
            metrics: verdict.metrics.iter().map(named).collect(),
            findings: findings(&verdict.findings, clock),
        })
    }
}

/// When it will decide, and what happens when it does not.
fn ahead(analysis: &StepAnalysis, verdict: &Verdict) -> String {
    let rule = &analysis.rule;
    let health = analysis.points.last().and_then(shares).map_or(0.0, |it| it.1);
    let pace = Pace {
        elapsed: analysis.elapsed,
        bake: rule.bake,
        requests: verdict.canary_requests,
        requests_needed: rule.requests,
        health,
    };
    let soon = match pace.ahead() {
        Ahead::In(Millis(0)) => "With the next look it may be called healthy.".to_owned(),
        Ahead::In(wait) => {
            format!("At this pace it may be called healthy in about {}.", moment::length(wait))
        }
        Ahead::NoRequests => {
            "Nothing can be said before the first request reaches the new version.".to_owned()
        }
        Ahead::NoEvidence => "What was seen so far does not speak for health yet.".to_owned(),
    };
    let left = Millis(rule.timeout.0.saturating_sub(analysis.elapsed.0));
    let otherwise = match rule.on_undecided {
        OnUndecided::Rollback => "it is taken back",
        OnUndecided::Hold => "it halts for a person",
        OnUndecided::Promote => "it goes on",
    };
    format!("{soon} Without a decision {otherwise} in {}.", moment::length(left))
}

/// The first that is worse stands open.
fn findings(all: &[Finding], clock: &Clock) -> Vec<Found> {
    let worst = all.iter().position(|it| it.is_worse);
    all.iter().enumerate().map(|(idx, it)| found(it, Some(idx) == worst, clock)).collect()
}

fn found(it: &Finding, is_open: bool, clock: &Clock) -> Found {
    let of = match it.of {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Traces => "traces",
    };
    let lead = |word, text| Lead { word, at: None, text };
    let mut leads: Vec<Lead> = it.advice.iter().map(|it| lead("advice", it.clone())).collect();
    if let Some(trail) = &it.trail {
        let series = |it: &Series| lead("series", format!("{} of {}: {}", it.metric, it.source, it.query));
        leads.extend(trail.series.iter().map(series));
        let line = |it: &LogLine| Lead { word: "line", at: Some(clock.moment(it.at)), text: it.text.clone() };
        leads.extend(trail.lines.iter().map(line));
        leads.extend(trail.traces.iter().map(|it| lead("trace", it.clone())));
    }
    let counts = match it.of {
        Signal::Metrics => String::new(),
        Signal::Logs | Signal::Traces => format!("{} of the new, {} of the old", it.canary, it.control),
    };
    let (of, what) = (format!("{of}: {}", it.change_in_words()), it.what.clone());
    Found { of, what, is_open, counts, leads }
}

/// Both kinds of evidence as shares of what they need, from 0 on: below it speaks against itself.
fn shares(point: &Point) -> Option<(f64, f64)> {
    let evidence = point.evidence?;
    let health = point.metrics.iter().filter_map(|it| it.log_health_e_value).reduce(f64::min).unwrap_or(0.0);
    let share = |log: f64, needed: f64| if needed > 0.0 { (log / needed).clamp(0.0, 1.25) } else { 0.0 };
    Some((share(evidence.log_harm, evidence.log_harm_needed), share(health, evidence.log_health_needed)))
}

fn distance(point: &Point, decision: Decision) -> Option<Distance> {
    let (harm, health) = shares(point)?;
    let whole = |share: f64| (share.min(1.0) * 100.0) as u8;
    let is_decided_elsewhere = decision == Decision::Harmful && harm < 1.0;
    Some(Distance { harm: whole(harm), health: whole(health), is_decided_elsewhere })
}

fn evidence_chart(points: &[Point]) -> Option<Svg> {
    let line = |class, of: fn((f64, f64)) -> f64| Line {
        class,
        points: points.iter().filter_map(|it| Some((it.at.0 as f64, of(shares(it)?)))).collect(),
    };
    Chart {
        label: "Evidence of harm and of health over time, as a share of what decides",
        lines: vec![line("harm", |it| it.0), line("health", |it| it.1)],
        boundaries: vec![Boundary { at: 1.0, text: "decides" }],
        value: percent,
        time,
    }
    .draw()
}

fn metric_chart(name: &str, points: &[Point]) -> Option<Svg> {
    let of = |pick: fn(&MetricVerdict) -> f64| {
        let found = |point: &Point| {
            let metric = point.metrics.iter().find(|it| it.name == name)?;
            Some((point.at.0 as f64, pick(metric)))
        };
        points.iter().filter_map(found).collect()
    };
    let found = || points.iter().flat_map(|it| &it.metrics).filter(|it| it.name == name);
    let is_share = found().all(|it| it.unit.is_none() && it.control.max(it.canary) <= 1.0);
    let label = format!("{name} of the old and the new version over time");
    Chart {
        label: &label,
        lines: vec![
            Line { class: "old", points: of(|it| it.control) },
            Line { class: "new", points: of(|it| it.canary) },
        ],
        boundaries: Vec::new(),
        value: if is_share { percent } else { number },
        time,
    }
    .draw()
}

fn time(millis: f64) -> String {
    moment::length(Millis(millis.max(0.0) as u64))
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent != 0.0 && percent.abs() < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// In the unit that was declared; what has none and lies between 0 and 1 is a share.
fn value(metric: &MetricVerdict, value: f64) -> String {
    match &metric.unit {
        Some(unit) => format!("{} {unit}", number(value)),
        None if (0.0..=1.0).contains(&value) => format!("{:.2} %", value * 100.0),
        None => number(value),
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        it if it < 0.001 => format!("{value:.1e}"),
        it if it < 1.0 => format!("{value:.3}"),
        it if it < 10.0 => format!("{value:.2}"),
        it if it < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// `odds of failing × 4.2 (1.9 to 9.8)`; where one of the two versions has none, the bound that is known.
fn ratio(ratio: &Ratio) -> Option<String> {
    let Some(estimate) = ratio.estimate else {
        // A bound on the other side of 1 says nothing yet.
        return match (ratio.low.filter(|it| *it >= 1.0), ratio.high.filter(|it| *it <= 1.0)) {
            (Some(low), _) => Some(format!("{} × {} or more", ratio.of, number(low))),
            (None, Some(high)) => Some(format!("{} × {} or less", ratio.of, number(high))),
            (None, None) => None,
        };
    };
    let bound = |it: Option<f64>, open: &str| it.map_or_else(|| open.to_owned(), number);
    let bounds = match (ratio.low, ratio.high) {
        (None, None) => String::new(),
        (low, high) => format!(" ({} to {})", bound(low, "0"), bound(high, "∞")),
    };
    Some(format!("{} × {}{bounds}", ratio.of, number(estimate)))
}

/// `10^19` as people write it: `10¹⁹`.
fn exponents(text: &str) -> String {
    let mut parts = text.split("10^");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|it: char| !it.is_ascii_digit()).unwrap_or(part.len());
        told.push_str("10");
        told.extend(part[..digits].bytes().map(|it| RAISED[usize::from(it - b'0')]));
        told.push_str(&part[digits..]);
    }
    told
}

const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_that_count() {
        let told = [0.0, 0.000_12, 0.0123, 1.5, 12.34, 4321.0].map(number);
        assert_eq!(told, ["0", "1.2e-4", "0.012", "1.50", "12.3", "4321"]);
        assert_eq!([0.0, 0.05, 0.5, 1.0].map(percent), ["0 %", "5.0 %", "50 %", "100 %"]);
    }

    #[test]
    fn a_ratio_says_what_it_does_not_know() {
        let check = |estimate, low, high, told: Option<&str>| {
            assert_eq!(ratio(&Ratio { of: "odds".to_owned(), estimate, low, high }).as_deref(), told);
        };
        check(Some(2.0), Some(1.0), Some(4.0), Some("odds × 2.00 (1.00 to 4.00)"));
        check(Some(2.0), Some(1.0), None, Some("odds × 2.00 (1.00 to ∞)"));
        check(Some(2.0), None, None, Some("odds × 2.00"));
        check(None, Some(3.5), None, Some("odds × 3.50 or more"));
        check(None, Some(0.0), Some(0.5), Some("odds × 0.500 or less"));
        check(None, Some(0.012), Some(2.0), None);
        check(None, None, None, None);
    }

    #[test]
    fn powers_of_ten_are_raised() {
        assert_eq!(exponents("e-value 10^19 ≥ 125, and 10^205"), "e-value 10¹⁹ ≥ 125, and 10²⁰⁵");
        assert_eq!(exponents("nothing of that"), "nothing of that");
    }
}
