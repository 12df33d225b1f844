//! Whether something fits where it is to go.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::contract::{Fit, FitReason};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CanDeployView {
    /// `NAME@VERSION` of the build or the release.
    pub subject: String,
    pub environment: Name,
    /// The instant for which it is answered.
    pub at: Timestamp,
    /// The worst of the reasons'.
    pub answer: Fit,
    /// Every pair of builds that may meet, the worst first.
    pub reasons: Vec<FitReason>,
}
