//! Declared resources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::resource::Kind;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::resource::{Applied, Graph, ResourceView};

/// Files as a user wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplyRequest {
    #[schemars(length(min = 1, max = 1000))]
    pub files: Vec<SourceFile>,
    /// Check and compare, but change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceFile {
    /// For messages alone; nothing is read from it.
    pub path: String,
    /// YAML, one document or several.
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourcePath {
    pub kind: Kind,
    pub name: Name,
}

operations! {
    /// Declare resources from files: all of them, or, when any has a fault, none.
    ApplyResources "applyResources": Post "/api/v1/resources/apply", Admin {
        body: Json<ApplyRequest>,
        answer: Json<Applied>,
        as_of: true,
        errors: [InvalidFiles, InvalidDeclarations],
    }

    /// List declared resources.
    ListResources "listResources": Get "/api/v1/resources", Viewer {
        query: ResourceQuery,
        answer: Json<Page<ResourceView>>,
    }

    /// Show one declared resource.
    ShowResource "showResource": Get "/api/v1/resources/{kind}/{name}", Viewer {
        path: ResourcePath,
        answer: Json<ResourceView>,
        errors: [UnknownResource],
    }

    /// Show what depends on what.
    ShowGraph "showGraph": Get "/api/v1/graph", Viewer {
        answer: Json<Graph>,
    }
}
