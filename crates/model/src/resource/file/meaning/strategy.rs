//! Strategies: something moves, and a canary only grows.

use super::{Site, way};
use crate::resource::strategy::{Analysis, Canary, CanaryStep, Percent, Strategy};

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
}
