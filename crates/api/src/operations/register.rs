//! The register of exceptions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::register::{ExceptionKind, RegisterEntry};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ExceptionKind>,
    /// True leaves out what is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

operations! {
    /// List everything that was let through although a rule would have stopped it, the latest first.
    ListRegister "listRegister": Get "/api/v1/register", Viewer {
        query: RegisterQuery,
        answer: Json<Page<RegisterEntry>>,
    }
}
