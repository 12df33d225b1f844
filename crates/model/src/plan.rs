//! The plan: everything that a rollout will do, in which order and why, fixed before anything happens.
//!
//! A plan is a graph of steps. Each step says what it does (`action`) and what takes it back (`undo`), so that
//! neither the way forward nor the way back leaves the executor anything to choose. The unwind is the same graph
//! read backwards.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::release::ReleaseRef;
use crate::resource::environment::Alertmanager;
use crate::resource::metric::Source;
use crate::resource::pipeline::{Command, Http, OnFailure};
use crate::resource::service::Deployment;
use crate::resource::strategy::{Analysis, OnHarm, Watch};
use crate::resource::{Journey, digest_of};
use crate::{BasisPoints, Digest, Millis, Name, Version};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    pub release: ReleaseRef,
    pub environment: Name,
    /// The plan that this one replaces, when what runs changed while it waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
    /// The fallback of a runbook that it carries out; it ships nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackRef>,
    /// What happens to each service of the release, providers before consumers.
    pub services: Vec<ServicePlan>,
    /// The deployment contracts that steps refer to, with variables resolved for the environment.
    pub contracts: BTreeMap<Digest, Deployment>,
    /// How each service's traffic is routed, where a router carries it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<Name, RouteSettings>,
    /// Where the metrics of analyses come from, by name, as the environment declares them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<Name, Source>,
    /// What happens when the agent of a target that has a new version is lost; it is only told when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_target_lost: Option<OnHarm>,
    /// What an alert from outside does that tells of a service which is shipped; it is only told when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_alert: Option<OnHarm>,
    /// Where alerts are silenced that steps are expected to raise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alertmanager: Option<Alertmanager>,
    /// In an order in which every step comes after those that it needs.
    pub steps: Vec<Step>,
    /// Of the whole, along the longest path.
    pub expected: Millis,
    /// What taking it back from its end would be expected to take.
    pub unwind: Unwind,
    /// Revisions of the declarations that the plan was made from.
    pub declarations: BTreeMap<String, Digest>,
}

/// A fallback as it was agreed to with the release that binds its runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FallbackRef {
    pub runbook: Name,
    pub revision: Digest,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServicePlan {
    pub service: Name,
    /// What runs now; nothing on the first shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Deployed>,
    pub to: Deployed,
    /// The strategy's name, or `unchanged`.
    pub strategy: String,
    /// Why this strategy.
    pub why: String,
}

/// How long the way back is expected to take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unwind {
    /// Of the whole, along the longest path.
    pub expected: Millis,
    pub services: Vec<ServiceUnwind>,
    /// The step from which nothing before it can be taken back, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_of_no_return: Option<StepId>,
}

/// The way back of one service against what it promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceUnwind {
    pub service: Name,
    pub expected: Millis,
    /// The recovery time that the service promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Millis>,
}

/// A version of a service as it stands on targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployed {
    pub version: Version,
    pub artifact: Digest,
    /// Artifacts by target where they differ (regional variants).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<Name, Digest>,
    /// Into the plan's `contracts`.
    pub contract: Digest,
}

/// The parts of a route that a plan does not change from step to step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouteSettings {
    /// Of the router's admin interface.
    pub admin: String,
    pub listen: std::net::SocketAddr,
    #[serde(default)]
    pub sticky: bool,
    /// The path of the service's HTTP health check, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
    pub drain: Millis,
}

/// A critical journey that an analysis sends through the canary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Coverage {
    pub name: Name,
    pub journey: Journey,
    /// Where the journey's service is reached.
    pub base_url: String,
}

/// A step's number in its plan, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct StepId(pub u32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    pub id: StepId,
    pub stage: Name,
    /// Steps of one wave may run side by side; for people, for example `zone a`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wave: String,
    /// For people, for example `start checkout 1.2.0 on host-a`.
    pub title: String,
    /// Why it waits, or why it is done this way, when that is not plain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    pub after: Vec<StepId>,
    pub action: Action,
    /// What takes it back; nothing when nothing needs to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Action>,
    pub reversibility: Reversibility,
    pub expected: Millis,
    /// After this without a result, the attempt has failed.
    pub timeout: Millis,
    /// Further attempts after a failure.
    pub retries: u32,
    pub on_failure: OnFailure,
    /// Failed targets of the same service up to this number do not count as a failure of the rollout.
    #[serde(default)]
    pub tolerates: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<Name>,
    /// Alerts that are silenced while it is under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<Silence>,
}

/// One alert that a step is expected to raise. Never one of severity critical.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Silence {
    /// The alert's `alertname`.
    pub alert: String,
    /// Other labels that it has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A silence that is over, and what it kept quiet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Silenced {
    /// Alertmanager's own.
    pub id: String,
    pub silence: Silence,
    /// The labels of each alert that was kept quiet, as far as they were still known at its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reversibility {
    /// Taken back by its undo, or nothing to take back.
    Reversible,
    /// Cannot be undone, but what came before it still can.
    ForwardOnly,
    /// From here on, nothing before it can be taken back.
    PointOfNoReturn,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// Start an instance beside what runs, and wait until it is healthy. By the target's agent.
    Place { instance: Instance, artifact: Digest, contract: Digest },
    /// Drain and stop an instance. By the target's agent.
    Retire { instance: Instance, artifact: Digest, contract: Digest },
    /// Check that an instance is healthy now. By the target's agent.
    Verify { instance: Instance },
    /// Set the service's pools. By the traffic router's driver.
    Route { service: Name, pools: Vec<PlannedPool> },
    /// Let time pass.
    Wait { duration: Millis },
    /// Until a person resumes.
    Pause {},
    /// Until `version` has answered this many requests (and the time has passed).
    Bake { service: Name, version: Version, duration: Millis, requests: u64 },
    /// Judge `canary` against `control`.
    Analyse {
        service: Name,
        control: Version,
        canary: Version,
        rule: Analysis,
        /// Journeys that the canary has to pass before it counts as healthy.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        journeys: Vec<Coverage>,
    },
    /// After the rollout's end: watch `canary` against what `control` did in the past.
    Watch { service: Name, control: Version, canary: Version, rule: Watch },
    /// Run a program on a target. By the target's agent.
    Command {
        target: Name,
        command: Command,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        artifact: Option<Digest>,
    },
    /// One HTTP call from the control plane.
    Http { request: Http },
    /// Run a journey from the control plane; `version` asks for one version by header (a preview).
    Journey {
        name: Name,
        journey: Journey,
        base_url: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        version: Option<Version>,
    },
    /// Ask the gates of these policies, in these revisions, until all of them pass.
    Gates { policies: BTreeMap<Name, Digest> },
    /// Wait for a person's word.
    Approval {
        message: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        team: Option<Name>,
    },
}

/// One version of a service on one target of an environment: the unit that agents look after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Instance {
    pub environment: Name,
    pub service: Name,
    pub version: Version,
    pub target: Name,
}

/// Targets whose instance of `version` shall receive `weight_bp` of the traffic. Targets that were tolerated as
/// failed are left out when the route is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedPool {
    pub version: Version,
    pub weight_bp: BasisPoints,
    pub targets: Vec<Name>,
}

impl Plan {
    pub fn digest(&self) -> Digest {
        digest_of(self)
    }

    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get((id.0 as usize).checked_sub(1)?)
    }

    pub fn service(&self, name: &Name) -> Option<&ServicePlan> {
        self.services.iter().find(|it| it.service == *name)
    }
}

impl Action {
    /// The target whose agent performs it; None when the control plane does or when it only takes time.
    pub fn target(&self) -> Option<&Name> {
        match self {
            Self::Place { instance, .. } | Self::Retire { instance, .. } | Self::Verify { instance } => {
                Some(&instance.target)
            }
            Self::Command { target, .. } => Some(target),
            Self::Route { .. }
            | Self::Wait { .. }
            | Self::Pause {}
            | Self::Bake { .. }
            | Self::Analyse { .. }
            | Self::Watch { .. }
            | Self::Http { .. }
            | Self::Journey { .. }
            | Self::Gates { .. }
            | Self::Approval { .. } => None,
        }
    }

    /// Whether it changes anything: waiting, watching and asking do not. Without a default, so that whoever adds a kind says
    /// here what a pause, a freeze and a word that fell do to it.
    pub const fn touches_world(&self) -> bool {
        match self {
            Self::Place { .. }
            | Self::Retire { .. }
            | Self::Route { .. }
            | Self::Command { .. }
            | Self::Http { .. } => true,
            Self::Verify { .. }
            | Self::Wait { .. }
            | Self::Pause {}
            | Self::Bake { .. }
            | Self::Analyse { .. }
            | Self::Watch { .. }
            | Self::Journey { .. }
            | Self::Gates { .. }
            | Self::Approval { .. } => false,
        }
    }

    /// Whether it begins when the rollout has ended.
    pub const fn is_watch(&self) -> bool {
        matches!(self, Self::Watch { .. })
    }

    pub fn service(&self) -> Option<&Name> {
        match self {
            Self::Place { instance, .. } | Self::Retire { instance, .. } | Self::Verify { instance } => {
                Some(&instance.service)
            }
            Self::Route { service, .. }
            | Self::Bake { service, .. }
            | Self::Analyse { service, .. }
            | Self::Watch { service, .. } => Some(service),
            Self::Command { command, .. } => command.service.as_ref(),
            Self::Wait { .. }
            | Self::Pause {}
            | Self::Http { .. }
            | Self::Journey { .. }
            | Self::Gates { .. }
            | Self::Approval { .. } => None,
        }
    }

    /// One word for lists and metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Place { .. } => "place",
            Self::Retire { .. } => "retire",
            Self::Verify { .. } => "verify",
            Self::Route { .. } => "route",
            Self::Wait { .. } => "wait",
            Self::Pause {} => "pause",
            Self::Bake { .. } => "bake",
            Self::Analyse { .. } => "analyse",
            Self::Watch { .. } => "watch",
            Self::Command { .. } => "command",
            Self::Http { .. } => "http",
            Self::Journey { .. } => "journey",
            Self::Gates { .. } => "gates",
            Self::Approval { .. } => "approval",
        }
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}", self.0)
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} on {} ({})", self.service, self.version, self.target, self.environment)
    }
}
