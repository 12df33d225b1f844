//! ITSM tools that mirror changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_model::Name;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::itsm::MirroredView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MirrorPath {
    pub mirror: Name,
}

operations! {
    /// List what ITSM tools show of changes, and what they have answered, the newest change first.
    ListMirrored "listMirrored": Get "/api/v1/mirrors", Viewer {
        answer: Json<Page<MirroredView>>,
    }

    /// Take a message of an ITSM tool, in the tool's own form. It informs about a change, and may hold it; it never approves.
    HearTool "hearTool": Post "/api/v1/mirrors/{mirror}/messages", Builder {
        path: MirrorPath,
        body: Json<Value>,
        answer: Json<MirroredView>,
        errors: [UnknownMirror, UnknownChange],
    }
}
