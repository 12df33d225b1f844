//! Known failures that are looked for in the logs of more than one service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strategy::Signature;

/// What lines of known failures look like. A Strategy names it under `logs.known`, and `shipway analysis logs --signatures`
/// reads the same file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogSignatures {
    #[schemars(length(min = 1, max = 1000))]
    pub signatures: Vec<Signature>,
}
