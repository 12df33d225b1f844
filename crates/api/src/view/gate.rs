//! What gates ask of a release now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::gate::Requirement;
use shipway_model::release::ReleaseRef;
use shipway_model::{Digest, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatesView {
    pub release: ReleaseRef,
    pub environment: Name,
    /// The instant for which it is answered.
    pub at: Timestamp,
    /// Those that the environment's pipeline asks; none when it asks no gates.
    pub policies: BTreeMap<Name, Digest>,
    /// Whether the release may pass as things stand, which it may where nothing is asked.
    pub passes: bool,
    pub requirements: Vec<Requirement>,
    /// When time alone may change the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
