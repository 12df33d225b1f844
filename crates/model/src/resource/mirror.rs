//! Mirrors: an ITSM tool of the organisation that shows our changes, and whose word about them we hear.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service::SecretRef;
use crate::Name;

/// Every change into the named environments is opened in the tool and kept up to date there. What the tool answers is
/// shown beside the change, and may hold it; it never counts as an approval, because nobody signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mirror {
    pub tool: Tool,
    /// Where its API is, for example `https://example.service-now.com`.
    #[schemars(length(max = 2000))]
    pub url: String,
    /// As whom: the name of HTTP basic authentication.
    #[schemars(length(max = 200))]
    pub user: String,
    /// The password or API token, read on the control plane's machine.
    pub secret: SecretRef,
    /// Changes of these protected environments; all of them when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// Of a Jira: the project in which changes are opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub project: Option<String>,
    /// Fields of the tool's change, each with what stands in it: text with `${change}`, `${release}`, `${environment}`,
    /// `${class}`, `${state}`, `${risk}`, `${services}` and `${requester}` in it. They stand above the built-in ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// What our states are called in the tool, by our name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, String>,
    /// States of the tool in which the change is held here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holds: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// ServiceNow's Table API, table `change_request`.
    ServiceNow,
    /// Jira Service Management's issues of the type change.
    JiraServiceManagement,
}

impl Mirror {
    pub fn covers(&self, environment: &Name) -> bool {
        self.environments.is_empty() || self.environments.contains(environment)
    }
}
