//! An exception from the calendar, and how far it is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::ExceptionId;
use shipway_model::exception::Exception;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionView {
    pub id: ExceptionId,
    #[serde(flatten)]
    pub exception: Exception,
    /// `requested`, `approved`, `in force`, `expired` or `withdrawn`.
    pub standing: String,
    pub requested_by: String,
    pub requested: Timestamp,
    /// Who said yes; two others are needed.
    pub approved_by: Vec<String>,
}
