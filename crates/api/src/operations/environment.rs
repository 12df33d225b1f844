//! Environments: what runs where, and who waits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::gate::facts::Comparison;

use super::operations;
use crate::page::{Page, PageQuery};
use crate::payload::Json;
use crate::view::environment::{EnvironmentSummary, EnvironmentView, QueueView, StrayView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentPath {
    pub environment: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParityQuery {
    /// The other environment.
    pub with: Name,
}

operations! {
    /// List environments.
    ListEnvironments "listEnvironments": Get "/api/v1/environments", Viewer {
        query: PageQuery,
        answer: Json<Page<EnvironmentSummary>>,
    }

    /// Show what runs where in an environment, and how its traffic is split.
    ShowEnvironment "showEnvironment": Get "/api/v1/environments/{environment}", Viewer {
        path: EnvironmentPath,
        answer: Json<EnvironmentView>,
        errors: [UnknownEnvironment],
    }

    /// Show who works, who waits and why, and what other limits would give.
    ShowQueue "showQueue": Get "/api/v1/environments/{environment}/queue", Viewer {
        path: EnvironmentPath,
        answer: Json<QueueView>,
        errors: [UnknownEnvironment],
    }

    /// List what agents found in an environment and no order put there: access past the pipeline.
    ListStrays "listStrays": Get "/api/v1/environments/{environment}/strays", Viewer {
        path: EnvironmentPath,
        answer: Json<Page<StrayView>>,
        errors: [UnknownEnvironment],
    }

    /// Compare an environment with another: topology, capacity, versions, settings, the way in.
    CompareEnvironments "compareEnvironments": Get "/api/v1/environments/{environment}/parity", Viewer {
        path: EnvironmentPath,
        query: ParityQuery,
        answer: Json<Comparison>,
        errors: [UnknownEnvironment],
    }
}
