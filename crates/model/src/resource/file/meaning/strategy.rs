//! Strategies: something moves, and a canary only grows.

use std::collections::BTreeSet;

use super::{Site, way};
use crate::resource::metric::{Metric, MetricKind, Query};
use crate::resource::strategy::{Analysis, Canary, CanaryStep, JudgeKind, Percent, Strategy};

pub(super) fn check(strategy: &Strategy, site: &mut Site<'_, '_, '_, '_>) {
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
            }
            CanaryStep::Pause(_) => {}
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
    let mut names = BTreeSet::new();
    for (idx, metric) in analysis.metrics.iter().enumerate() {
        let path = way!(path; "metrics", idx);
        if !names.insert(&metric.name) {
            site.fault(way!(path; "name"), "a metric above has this name", "rename one of them");
        }
        check_metric(path, metric, analysis.judge, site);
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
    if judge == JudgeKind::Threshold && metric.threshold.is_none_or(|it| it.min.is_none() && it.max.is_none())
    {
        let message = format!("`{}` has no threshold to be judged by", metric.name);
        site.fault(way!(path; "name"), message, "add for example `threshold: {max: 0.01}`");
    }
    check_query(path, metric, site);
}

/// Each kind needs its parts from counters.
fn check_query(path: &[super::Segment<'_>], metric: &Metric, site: &mut Site<'_, '_, '_, '_>) {
    let Some(Query::Prometheus(query)) = &metric.from else { return };
    let has = |it: &Option<String>| it.is_some();
    let (needed, is_whole) = match metric.kind {
        MetricKind::Proportion => ("`n` and `x`", has(&query.n) && has(&query.x)),
        MetricKind::Count => ("`x`", has(&query.x)),
        MetricKind::Mean => {
            ("`n`, `sum` and `sumSq`", has(&query.n) && has(&query.sum) && has(&query.sum_sq))
        }
        MetricKind::Latency => ("`latency`", has(&query.latency)),
    };
    if !is_whole {
        let message = format!("the counters of `{}` are not all named", metric.name);
        site.fault(way!(path; "from", "prometheus"), message, format!("name {needed}"));
    }
}
