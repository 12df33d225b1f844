//! Environments: what runs where, and who waits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;

use super::operations;
use crate::page::{Page, PageQuery};
use crate::payload::Json;
use crate::view::environment::{EnvironmentSummary, EnvironmentView, QueueView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentPath {
    pub environment: Name,
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
}
