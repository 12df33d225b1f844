//! How a service's new version takes the place of the old one.

mod counting;
mod logs;
mod trigger;
mod watch;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::metric::Metric;
use crate::{BasisPoints, Millis, Name};

pub use counting::{ArgoLimits, Counting, FlaggerLimit};
pub use logs::{FieldType, LogLevel, LogRule, PATTERN_BYTES_MAX, SIGNATURES_MAX, Signature, Structure};
pub use trigger::{BurnRule, Comparing, Slo};
pub use watch::Watch;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// Stop all of the old, then start the new. Nobody answers in between.
    Recreate(Recreate),
    /// Target by target, zone by zone.
    Rolling(Rolling),
    /// The whole new version beside the old, then all traffic at once.
    BlueGreen(BlueGreen),
    /// A growing share of the traffic, judged on the way.
    Canary(Canary),
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recreate {
    /// Targets that may fail without the rollout being taken back.
    #[serde(default)]
    pub max_failed: u32,
    /// What is looked at after the last step, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rolling {
    /// Targets that may be without an instance at a time. Used when `maxSurge` is 0.
    #[serde(default = "one")]
    pub max_unavailable: u32,
    /// Targets that may run old and new side by side at a time; above 0 no target is ever without an instance.
    #[serde(default = "one")]
    pub max_surge: u32,
    /// The wait after each zone before the next begins.
    #[serde(default)]
    pub bake: Millis,
    /// Requests that the new version must have answered after each zone before the next begins.
    #[serde(default)]
    pub bake_requests: u64,
    #[serde(default)]
    pub max_failed: u32,
    /// What is looked at after the last zone, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

fn one() -> u32 {
    1
}

impl Default for Rolling {
    fn default() -> Self {
        Self {
            max_unavailable: 1,
            max_surge: 1,
            bake: Millis::ZERO,
            bake_requests: 0,
            max_failed: 0,
            watch: None,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlueGreen {
    /// A Journey run against the new version before it receives traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Name>,
    /// The wait after the switch during which a failing instance still takes it back.
    #[serde(default)]
    pub bake: Millis,
    /// How long the old version stays ready after that.
    #[serde(default)]
    pub scale_down_delay: Millis,
    #[serde(default)]
    pub max_failed: u32,
    /// What is looked at after the old version has gone, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Canary {
    #[schemars(length(min = 1, max = 64))]
    pub steps: Vec<CanaryStep>,
    #[serde(default)]
    pub max_failed: u32,
    /// What is looked at after the old version has gone, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CanaryStep {
    /// Percent of the traffic for the new version, 1 to 100, never falling from step to step.
    Weight(Percent),
    /// Wait for a person (`shipway rollout resume`), or for the duration.
    Pause(Pause),
    /// Wait until both the time and the number of requests have passed.
    Bake(Bake),
    /// Judge new against old.
    Analysis(Box<Analysis>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8")]
#[schemars(with = "u8", extend("minimum" = 1, "maximum" = 100))]
pub struct Percent(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a weight: use 1 to 100 (percent)")]
pub struct InvalidPercent(u8);

impl Percent {
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = InvalidPercent;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if (1..=100).contains(&percent) { Ok(Self(percent)) } else { Err(InvalidPercent(percent)) }
    }
}

impl From<Percent> for BasisPoints {
    fn from(percent: Percent) -> Self {
        Self::from_percent(percent.0)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pause {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Millis>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bake {
    #[serde(default)]
    pub duration: Millis,
    /// Requests that the new version must have answered.
    #[serde(default)]
    pub requests: u64,
}

/// The judge's rule for one analysis step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Analysis {
    /// Who judges.
    #[serde(default, skip_serializing_if = "JudgeKind::is_default")]
    pub judge: JudgeKind,
    /// How `judge: threshold` counts. When absent five breaches of a metric are harm, as with Flagger, and five blocks in a row
    /// without data no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counting: Option<Counting>,
    /// For `judge: kayenta`, Kayenta's canary configuration as it is. Its metrics are found among `metrics` by their names, in
    /// lower case and with `-` for whatever a name cannot have.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::json::sorted_if_any")]
    pub kayenta: Option<Value>,
    /// What is compared; failed requests (critical) and latency, as the router counts them, when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub metrics: Vec<Metric>,
    /// The chance of taking back a version that is no worse than the margins, over the whole step and all metrics.
    #[serde(default = "alpha_default")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub alpha: f64,
    /// The chance of calling a version healthy that is as bad as `harm` of some metric.
    #[serde(default = "beta_default", skip_serializing_if = "is_beta_default")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub beta: f64,
    /// Ratio up to which the new version is no worse, of metrics that do not say their own.
    #[serde(default = "margin_default")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub margin: f64,
    /// Length of one block of comparison.
    #[serde(default = "analysis_interval_default")]
    pub interval: Millis,
    /// For so long only a catastrophe counts as harm, and nothing as health.
    #[serde(default, skip_serializing_if = "Millis::is_zero")]
    pub warm_up: Millis,
    /// Odds ratio that is a catastrophe: during the warm-up, and on a single instance.
    #[serde(default = "severe_margin_default", skip_serializing_if = "is_severe_margin_default")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub severe_margin: f64,
    /// A new version of three or more instances may be healthy but for one that has at most this share of its requests and is
    /// shown not to be broken, by `severeMargin`. With 0 none is left out.
    #[serde(default = "noisy_share_default", skip_serializing_if = "is_noisy_share_default")]
    #[schemars(range(min = 0.0, max = 0.5))]
    pub noisy_share: f64,
    /// After so long in which one side reports and the other does not there is no verdict.
    #[serde(default = "silence_default", skip_serializing_if = "is_silence_default")]
    pub silence: Millis,
    /// Not promoted before this has passed.
    #[serde(default)]
    pub bake: Millis,
    /// Not promoted before the new version has answered this many requests.
    #[serde(default = "requests_default")]
    pub requests: u64,
    /// When this has passed without a verdict, `onUndecided` decides.
    #[serde(default = "analysis_timeout_default")]
    pub timeout: Millis,
    #[serde(default)]
    pub on_undecided: OnUndecided,
    /// What happens when the new version is harmful.
    #[serde(default, skip_serializing_if = "OnHarm::is_default")]
    pub on_harm: OnHarm,
    /// The new version's error budget, whatever the old one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<Slo>,
    /// Templates of log lines, old against new, from what is pushed over OTLP and what agents send; known failures in them,
    /// and lines that are not as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogRule>,
    /// Operations and hops, old against new, from what is pushed over OTLP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<Comparing>,
    /// Which instances of the old version it is compared with, where `periods` names none of the past.
    #[serde(default, skip_serializing_if = "Baseline::is_default")]
    pub baseline: Baseline,
    /// Past periods, each so long ago, that the old version's numbers come from, instead of what runs beside the new one.
    /// The new version has to be worse than every one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub periods: Vec<Millis>,
    /// Looks for a change that begins at any time within so long, instead of for harm from the start; nothing is
    /// healthy early then. `alpha` is the chance of any false alarm over the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_within: Option<Millis>,
}

/// Which judge's word counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JudgeKind {
    /// Sequential evidence: valid however often it is looked at.
    #[default]
    Shipway,
    /// Kayenta's, once, when time is up.
    Kayenta,
    /// Each metric against its own `threshold`, block by block, as `counting` says.
    Threshold,
}

/// Which instances of the old version a canary is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Baseline {
    /// Those that answer the rest of the traffic.
    #[default]
    Concurrent,
    /// As many as the canary has, started with it and given the same share of the traffic; both start cold. They stand until
    /// the last analysis that asks for them has ended.
    Fresh,
}

/// What a trigger does when it fires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnHarm {
    #[default]
    Rollback,
    /// Halt and wait for a person.
    Hold,
    /// Go on, and only say so.
    Tell,
}

impl JudgeKind {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Baseline {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl OnHarm {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn alpha_default() -> f64 {
    0.01
}

fn beta_default() -> f64 {
    0.05
}

fn is_beta_default(beta: &f64) -> bool {
    beta.to_bits() == beta_default().to_bits()
}

fn severe_margin_default() -> f64 {
    10.0
}

fn is_severe_margin_default(margin: &f64) -> bool {
    margin.to_bits() == severe_margin_default().to_bits()
}

fn noisy_share_default() -> f64 {
    0.35
}

fn is_noisy_share_default(share: &f64) -> bool {
    share.to_bits() == noisy_share_default().to_bits()
}

fn silence_default() -> Millis {
    Millis::from_secs(300)
}

fn is_silence_default(silence: &Millis) -> bool {
    *silence == silence_default()
}

fn margin_default() -> f64 {
    1.1
}

fn analysis_interval_default() -> Millis {
    Millis::from_secs(10)
}

fn requests_default() -> u64 {
    50
}

fn analysis_timeout_default() -> Millis {
    Millis::from_secs(3600)
}

impl Default for Analysis {
    fn default() -> Self {
        Self {
            judge: JudgeKind::default(),
            counting: None,
            kayenta: None,
            metrics: Vec::new(),
            alpha: alpha_default(),
            beta: beta_default(),
            margin: margin_default(),
            interval: analysis_interval_default(),
            warm_up: Millis::ZERO,
            severe_margin: severe_margin_default(),
            noisy_share: noisy_share_default(),
            silence: silence_default(),
            bake: Millis::ZERO,
            requests: requests_default(),
            timeout: analysis_timeout_default(),
            on_undecided: OnUndecided::default(),
            on_harm: OnHarm::default(),
            slo: None,
            logs: None,
            traces: None,
            baseline: Baseline::default(),
            periods: Vec::new(),
            change_within: None,
        }
    }
}

/// What happens when time is up and neither harm nor health is shown. Missing data always holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnUndecided {
    /// Go on: no harm was found at the stated power.
    Promote,
    /// Halt and wait for a person.
    #[default]
    Hold,
    Rollback,
}

impl Strategy {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Recreate(_) => "recreate",
            Self::Rolling(_) => "rolling",
            Self::BlueGreen(_) => "blue-green",
            Self::Canary(_) => "canary",
        }
    }

    /// What is looked at after the last step, where it says so.
    pub const fn watch(&self) -> Option<&Watch> {
        match self {
            Self::Recreate(it) => it.watch.as_ref(),
            Self::Rolling(it) => it.watch.as_ref(),
            Self::BlueGreen(it) => it.watch.as_ref(),
            Self::Canary(it) => it.watch.as_ref(),
        }
    }

    /// Every rule by which log lines are looked at.
    pub fn log_rules(&self) -> impl Iterator<Item = &LogRule> {
        let steps = match self {
            Self::Canary(it) => it.steps.as_slice(),
            Self::Recreate(_) | Self::Rolling(_) | Self::BlueGreen(_) => &[],
        };
        let of_steps = steps.iter().filter_map(|it| match it {
            CanaryStep::Analysis(rule) => rule.logs.as_ref(),
            CanaryStep::Weight(_) | CanaryStep::Pause(_) | CanaryStep::Bake(_) => None,
        });
        of_steps.chain(self.watch().and_then(|it| it.logs.as_ref()))
    }

    /// The same, to fill in what they name.
    pub fn log_rules_mut(&mut self) -> impl Iterator<Item = &mut LogRule> {
        let none: &mut [CanaryStep] = &mut [];
        let (steps, watch) = match self {
            Self::Recreate(it) => (none, it.watch.as_mut()),
            Self::Rolling(it) => (none, it.watch.as_mut()),
            Self::BlueGreen(it) => (none, it.watch.as_mut()),
            Self::Canary(it) => (it.steps.as_mut_slice(), it.watch.as_mut()),
        };
        let of_steps = steps.iter_mut().filter_map(|it| match it {
            CanaryStep::Analysis(rule) => rule.logs.as_mut(),
            CanaryStep::Weight(_) | CanaryStep::Pause(_) | CanaryStep::Bake(_) => None,
        });
        of_steps.chain(watch.and_then(|it| it.logs.as_mut()))
    }

    pub const fn max_failed(&self) -> u32 {
        match self {
            Self::Recreate(it) => it.max_failed,
            Self::Rolling(it) => it.max_failed,
            Self::BlueGreen(it) => it.max_failed,
            Self::Canary(it) => it.max_failed,
        }
    }
}
