//! Strategies: something moves, and a canary only grows.

use std::collections::BTreeSet;

use super::{Site, way};
use crate::Millis;
use crate::resource::kayenta::CanaryConfig;
use crate::resource::metric::{Metric, MetricKind, Query};
use crate::resource::strategy::{
    Analysis, Baseline, Canary, CanaryStep, Comparing, JudgeKind, LogRule, Percent, Signature, Slo, Strategy,
    Watch,
};

pub(super) fn check(strategy: &Strategy, site: &mut Site<'_, '_, '_, '_>) {
    if let Some(watch) = strategy.watch() {
        let word = match strategy {
            Strategy::Recreate(_) => "recreate",
            Strategy::Rolling(_) => "rolling",
            Strategy::BlueGreen(_) => "blueGreen",
            Strategy::Canary(_) => "canary",
        };
        check_watch(way![word, "watch"], watch, site);
    }
    match strategy {
        Strategy::Recreate(_) | Strategy::BlueGreen(_) => {}
        Strategy::Rolling(rolling) => {
            if rolling.max_unavailable == 0 && rolling.max_surge == 0 {
                let message = "with `maxUnavailable` and `maxSurge` both 0 nothing can ever move";
                site.fault(way!["rolling", "maxSurge"], message, "write `maxSurge: 1`");
            }
        }
        Strategy::Canary(canary) => check_canary(canary, site),
    }
}

fn check_canary(canary: &Canary, site: &mut Site<'_, '_, '_, '_>) {
    let mut weight: Option<Percent> = None;
    for (idx, step) in canary.steps.iter().enumerate() {
        let path = way!["canary", "steps", idx];
        match step {
            CanaryStep::Weight(next) => {
                if let Some(before) = weight.filter(|it| it > next) {
                    let message = format!("the weight falls from {} to {}", before.get(), next.get());
                    site.fault(way!(path; "weight"), message, "let weights grow; taking back is not a step");
                }
                weight = Some(*next);
            }
            CanaryStep::Bake(bake) => {
                if bake.duration.0 == 0 && bake.requests == 0 {
                    let help = "write for example `bake: {duration: 1m, requests: 100}`";
                    site.fault(way!(path; "bake"), "the bake waits for nothing", help);
                }
            }
            CanaryStep::Analysis(analysis) => {
                if weight.is_none() {
                    let message = "nothing can be judged before the canary has any traffic";
                    site.fault(way!(path; "analysis"), message, "put `- weight: 5` before it");
                }
                check_analysis(way!(path; "analysis"), analysis, site);
                check_baseline(way!(path; "analysis"), analysis, weight, site);
            }
            CanaryStep::Pause(_) => {}
        }
    }
}

/// A fresh control takes the share of the canary once more.
const FRESH_WEIGHT_MAX: u8 = 50;

fn check_baseline(
    path: &[super::Segment<'_>],
    analysis: &Analysis,
    weight: Option<Percent>,
    site: &mut Site<'_, '_, '_, '_>,
) {
    if analysis.baseline != Baseline::Fresh {
        return;
    }
    if let Some(weight) = weight.filter(|it| it.get() > FRESH_WEIGHT_MAX) {
        let message = format!("a fresh control needs another {} % of the traffic", weight.get());
        let help = "judge against one while the weight is 50 at most, and beyond that against `concurrent`";
        site.fault(way!(path; "baseline"), message, help);
    }
    if !analysis.periods.is_empty() {
        let message = "it is compared with the past, so nothing is started to compare it with";
        site.fault(way!(path; "baseline"), message, "leave out `baseline` or `periods`");
    }
}

fn check_watch(path: &[super::Segment<'_>], watch: &Watch, site: &mut Site<'_, '_, '_, '_>) {
    if watch.interval.0 == 0 {
        let message = "the interval must be longer than nothing";
        site.fault(way!(path; "interval"), message, "write for example `interval: 10s`");
    }
    if watch.duration < watch.window.max(Millis::from_secs(60)) {
        let message =
            format!("the watch ends after {}, before its window of {}", watch.duration, watch.window);
        site.fault(
            way!(path; "duration"),
            message,
            "make `duration` a minute at least, and no shorter than `window`",
        );
    }
    const PERIOD_MAX: Millis = Millis::from_secs(31 * 24 * 3600);
    if watch.periods.iter().any(|it| it.is_zero() || *it > PERIOD_MAX) {
        let message = "a past period is some time ago, and not more than 31 days";
        site.fault(way!(path; "periods"), message, "write for example `periods: [1d, 7d]`");
    }
    check_metrics(path, &watch.metrics, JudgeKind::Shipway, site);
    check_slo(path, watch.slo.as_ref(), site);
    check_logs(path, watch.logs.as_ref(), site);
    check_looks(path, watch.logs.as_ref(), watch.traces.as_ref(), site);
}

fn check_slo(path: &[super::Segment<'_>], slo: Option<&Slo>, site: &mut Site<'_, '_, '_, '_>) {
    for (idx, rule) in slo.into_iter().flat_map(|it| &it.rules).enumerate() {
        if rule.short > rule.long || rule.short < Millis::from_secs(1) {
            let message = format!("the short window is {}, and the long one {}", rule.short, rule.long);
            let help = "make `short` a second at least, and no longer than `long`";
            site.fault(way!(path; "slo", "rules", idx, "short"), message, help);
        }
    }
}

fn check_analysis(path: &[super::Segment<'_>], analysis: &Analysis, site: &mut Site<'_, '_, '_, '_>) {
    if analysis.interval.0 == 0 {
        site.fault(
            way!(path; "interval"),
            "the interval must be longer than nothing",
            "write for example `interval: 10s`",
        );
    }
    if analysis.timeout < analysis.bake.max(analysis.interval) {
        let message = format!("the analysis would end after {}, before it may decide", analysis.timeout);
        site.fault(way!(path; "timeout"), message, "make `timeout` longer than `bake` and `interval`");
    }
    check_judge(path, analysis, site);
    check_metrics(path, &analysis.metrics, analysis.judge, site);
    check_slo(path, analysis.slo.as_ref(), site);
    check_logs(path, analysis.logs.as_ref(), site);
    check_looks(path, analysis.logs.as_ref(), analysis.traces.as_ref(), site);
}

/// Each look halves what the next may spend, so the first ones are not to be wasted on nothing.
fn check_looks(
    path: &[super::Segment<'_>],
    logs: Option<&LogRule>,
    traces: Option<&Comparing>,
    site: &mut Site<'_, '_, '_, '_>,
) {
    let looks = [("logs", logs.map(|it| it.first_look)), ("traces", traces.map(|it| it.first_look))];
    for (word, first_look) in looks {
        if first_look.is_some_and(|it| it < Millis::from_secs(1)) {
            let message = "the first look comes before there is anything to see";
            site.fault(way!(path; word, "firstLook"), message, "make `firstLook` a second at least");
        }
    }
}

fn check_logs(path: &[super::Segment<'_>], logs: Option<&LogRule>, site: &mut Site<'_, '_, '_, '_>) {
    let Some(rule) = logs else { return };
    check_signatures(way!(path; "logs"), &rule.signatures, site);
    if rule.structure.as_ref().is_some_and(|it| it.required.is_empty() && it.optional.is_empty()) {
        let message = "no field is declared, so every JSON object is as declared";
        let help = "write for example `structure: { required: { level: level, message: string } }`";
        site.fault(way!(path; "logs", "structure"), message, help);
    }
}

/// A signature is found in some lines and not in all, and is told from others by its name.
pub(super) fn check_signatures(
    path: &[super::Segment<'_>],
    signatures: &[Signature],
    site: &mut Site<'_, '_, '_, '_>,
) {
    let mut names = BTreeSet::new();
    for (idx, it) in signatures.iter().enumerate() {
        if it.matches_every_line() {
            let message = format!("every line matches the signature `{}`", it.name);
            let help = "write a part of the line that only the failure has, for example `OutOfMemoryError*`";
            site.fault(way!(path; "signatures", idx, "pattern"), message, help);
        }
        if !names.insert(&it.name) {
            let message = format!("there are two signatures named `{}`", it.name);
            let help = "give each its own name: findings are told by it";
            site.fault(way!(path; "signatures", idx, "name"), message, help);
        }
    }
}

/// Each judge has what it needs, and no other judge's.
fn check_judge(path: &[super::Segment<'_>], analysis: &Analysis, site: &mut Site<'_, '_, '_, '_>) {
    if analysis.counting.is_some() && analysis.judge != JudgeKind::Threshold {
        let message = "`counting` is for thresholds, by which this judge does not decide";
        site.fault(way!(path; "counting"), message, "write `judge: threshold`, or leave it out");
    }
    let Some(json) = &analysis.kayenta else { return };
    if analysis.judge != JudgeKind::Kayenta {
        let message = "Kayenta's configuration is for Kayenta's judge";
        site.fault(way!(path; "kayenta"), message, "write `judge: kayenta`, or leave it out");
    }
    let config = match CanaryConfig::read(json) {
        Ok(config) => config,
        Err(why) => {
            let message = format!("this is no canary configuration of Kayenta's: {why}");
            site.fault(way!(path; "kayenta"), message, "paste the configuration as Kayenta has it");
            return;
        }
    };
    let is_named = |key: &str| match analysis.metrics.as_slice() {
        [] => matches!(key, "errors" | "latency"),
        metrics => metrics.iter().any(|it| it.name.as_str() == key),
    };
    for metric in config.metrics.iter().filter(|it| !it.analysis().muted && !is_named(&it.key())) {
        let message =
            format!("nobody says where the numbers of Kayenta's metric `{}` come from", metric.name);
        let help = format!("add a metric named `{}` with `from:` under `metrics`", metric.key());
        site.fault(way!(path; "kayenta"), message, help);
    }
}

fn check_metrics(
    path: &[super::Segment<'_>],
    metrics: &[Metric],
    judge: JudgeKind,
    site: &mut Site<'_, '_, '_, '_>,
) {
    let mut names = BTreeSet::new();
    for (idx, metric) in metrics.iter().enumerate() {
        let path = way!(path; "metrics", idx);
        if !names.insert(&metric.name) {
            site.fault(way!(path; "name"), "a metric above has this name", "rename one of them");
        }
        check_metric(path, metric, judge, site);
    }
}

fn check_metric(
    path: &[super::Segment<'_>],
    metric: &Metric,
    judge: JudgeKind,
    site: &mut Site<'_, '_, '_, '_>,
) {
    let expected = match metric.name.as_str() {
        "errors" => Some((MetricKind::Proportion, "proportion")),
        "latency" => Some((MetricKind::Latency, "latency")),
        _ => None,
    };
    match expected {
        Some((kind, word)) if kind != metric.kind => {
            let message = format!("`{}` is of kind `{word}`", metric.name);
            site.fault(way!(path; "kind"), message, "give a metric of another kind another name");
        }
        None if metric.kind == MetricKind::Latency => {
            let message = "the metric of kind `latency` is named `latency`";
            site.fault(way!(path; "name"), message, "write `name: latency`");
        }
        None if metric.from.is_none() => {
            let message = format!("nobody says where the numbers of `{}` come from", metric.name);
            let help = "add `from:`; the router counts `errors` and `latency` alone";
            site.fault(way!(path; "name"), message, help);
        }
        _ => {}
    }
    if metric.kind == MetricKind::Latency && metric.unit.as_deref().is_some_and(|it| it != "s" && it != "ms")
    {
        site.fault(
            way!(path; "unit"),
            "a latency is in seconds or milliseconds",
            "write `unit: s` or `unit: ms`",
        );
    }
    let limits = [metric.threshold, metric.failure].into_iter().flatten();
    let is_limited = limits.into_iter().any(|it| it.min.is_some() || it.max.is_some());
    if judge == JudgeKind::Threshold && !is_limited {
        let message = format!("`{}` has no threshold to be judged by", metric.name);
        site.fault(way!(path; "name"), message, "add for example `threshold: {max: 0.01}`");
    }
    check_absolutes(path, metric, site);
    check_query(path, metric, site);
}

/// Shares differ by a half at most; health is shown by a difference of shares or rates alone.
fn check_absolutes(path: &[super::Segment<'_>], metric: &Metric, site: &mut Site<'_, '_, '_, '_>) {
    let is_share = metric.kind == MetricKind::Proportion;
    let is_refused = match metric.kind {
        MetricKind::Proportion => metric.margin_absolute.is_some_and(|it| it > 0.5),
        MetricKind::Latency | MetricKind::Mean | MetricKind::Count => false,
    };
    if is_refused {
        let message = "no two shares differ by so much";
        site.fault(way!(path; "marginAbsolute"), message, "a share differs by 0.5 at most");
    }
    match metric.harm_absolute {
        Some(harm) if is_share && harm > 0.5 => {
            let message = "no two shares differ by so much";
            site.fault(way!(path; "harmAbsolute"), message, "a share differs by 0.5 at most");
        }
        Some(_) if !is_share && metric.kind != MetricKind::Count => {
            let message = "only proportions and counts have a difference that health can be shown by";
            site.fault(way!(path; "harmAbsolute"), message, "write `harm`, a ratio");
        }
        Some(_) | None => {}
    }
}

/// Each kind needs its parts from counters.
fn check_query(path: &[super::Segment<'_>], metric: &Metric, site: &mut Site<'_, '_, '_, '_>) {
    let (word, [n, x, sum, sum_sq, latency]) = match &metric.from {
        Some(Query::Prometheus(it)) => {
            let named = [&it.n, &it.x, &it.sum, &it.sum_sq, &it.latency];
            ("prometheus", named.map(Option::is_some))
        }
        Some(Query::Otlp(it)) => {
            let named = [&it.n, &it.x, &it.sum, &it.sum_sq, &it.latency];
            ("otlp", named.map(Option::is_some))
        }
        Some(Query::Http(_) | Query::Sql(_) | Query::Csv(_)) | None => return,
    };
    let (needed, is_whole) = match metric.kind {
        MetricKind::Proportion => ("`n` and `x`", n && x),
        MetricKind::Count => ("`x`", x),
        MetricKind::Mean => ("`n`, `sum` and `sumSq`", n && sum && sum_sq),
        MetricKind::Latency => ("`latency`", latency),
    };
    if !is_whole {
        let message = format!("the counters of `{}` are not all named", metric.name);
        site.fault(way!(path; "from", word), message, format!("name {needed}"));
    }
}
