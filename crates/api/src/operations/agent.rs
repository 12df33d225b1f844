//! What agents ask and report.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::effect::{EffectKey, Lease, Outcome};
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::stray::Stray;

use super::operations;
use crate::page::{Page, PageQuery};
use crate::payload::Json;
use crate::view::agent::{AgentView, Orders};

/// The longest that a call for leases waits for something to do.
pub const LEASE_WAIT_MS_MAX: u32 = 30_000;
/// The most leases of one answer.
pub const LEASES_MAX: u32 = 64;
/// The most text of one call that appends to a log, in bytes.
pub const LOG_TEXT_BYTES_MAX: usize = 256 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentPath {
    pub host: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentRegistration {
    pub host: Name,
    /// Where the host's instances are reached.
    pub address: IpAddr,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaseAsk {
    /// New leases wanted, at most.
    #[schemars(range(max = 64))]
    pub max: u32,
    /// How long to wait when there is nothing to do.
    #[serde(default)]
    #[schemars(range(max = 30_000))]
    pub wait_ms: u32,
    /// Which process of the agent asks: a word that it draws at its start. A lease that it was given and does not name in
    /// `renew` is given to it again, under the same generation: the answer was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub holder: Option<String>,
    /// Leases that are still being worked on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub renew: Vec<Renewal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Renewal {
    pub key: EffectKey,
    pub generation: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leases {
    pub leases: Vec<Lease>,
    /// Whatever was to be renewed and is not here is lost: stop working on it.
    pub renewed: Vec<EffectKey>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reports {
    #[schemars(length(max = 1000))]
    pub reports: Vec<EffectReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EffectReport {
    pub key: EffectKey,
    pub generation: u32,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportResults {
    /// In the order of the reports.
    pub results: Vec<ReportResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportResult {
    pub key: EffectKey,
    pub status: ReportStatus,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportStatus {
    Accepted,
    /// It was known already.
    Repeated,
    /// Somebody else holds the lease now; the outcome does not count.
    Fenced,
    /// No such effect is wanted.
    Unknown,
    /// The outcome does not fit the effect, or the effect is not this host's.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceReports {
    #[schemars(length(max = 1000))]
    pub changes: Vec<InstanceReport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceReport {
    pub instance: Instance,
    pub condition: Condition,
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub detail: String,
}

/// Everything that stands on the host now and no order put there; what was told before and is missing here is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StrayReport {
    #[schemars(length(max = 200))]
    pub strays: Vec<Stray>,
}

/// A piece of what an effect printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogPiece {
    pub key: EffectKey,
    /// Where the text begins, in bytes. What is known already is left out, so a piece may be sent again.
    pub offset: u64,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLength {
    /// Bytes known now; the next piece begins here.
    pub offset: u64,
}

operations! {
    /// Make a host known, or tell its new address and labels.
    RegisterAgent "registerAgent": Post "/api/v1/agents", Agent {
        body: Json<AgentRegistration>,
        answer: Json<AgentView>,
    }

    /// List hosts and what runs on them.
    ListAgents "listAgents": Get "/api/v1/agents", Viewer {
        query: PageQuery,
        answer: Json<Page<AgentView>>,
    }

    /// Take effects to perform, and keep those under way. Waits while there is nothing to do.
    LeaseEffects "leaseEffects": Post "/api/v1/agents/{host}/leases", Agent {
        path: AgentPath,
        body: Json<LeaseAsk>,
        answer: Json<Leases>,
        pace: LongPoll,
        errors: [UnknownAgent],
    }

    /// Report how effects ended. Each is judged for itself, and may be reported again.
    ReportEffects "reportEffects": Post "/api/v1/agents/{host}/reports", Agent {
        path: AgentPath,
        body: Json<Reports>,
        answer: Json<ReportResults>,
    }

    /// Report instances that changed by themselves.
    ReportInstances "reportInstances": Post "/api/v1/agents/{host}/instances", Agent {
        path: AgentPath,
        body: Json<InstanceReports>,
        answer: (),
        status: 204,
        errors: [UnknownAgent],
    }

    /// Report everything on the host that no order put there.
    ReportStrays "reportStrays": Post "/api/v1/agents/{host}/strays", Agent {
        path: AgentPath,
        body: Json<StrayReport>,
        answer: (),
        status: 204,
        errors: [UnknownAgent],
    }

    /// Show everything that should run on a host.
    ShowOrders "showOrders": Get "/api/v1/agents/{host}/orders", Agent {
        path: AgentPath,
        answer: Json<Orders>,
        errors: [UnknownAgent],
    }

    /// Append what an effect printed to its log.
    AppendStepLog "appendStepLog": Post "/api/v1/agents/{host}/logs", Agent {
        path: AgentPath,
        body: Json<LogPiece>,
        answer: Json<LogLength>,
        errors: [UnknownRollout, UnknownStep, LogGap],
    }
}
