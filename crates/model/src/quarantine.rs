//! Tests over time: what the history of one says, and quarantines: a test that fails now and then is set aside, by name, until a day, with somebody who mends it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Case;
use crate::{Millis, Name};

/// Which test is set aside, who mends it, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quarantine {
    /// Whose test it is.
    pub service: Name,
    /// Its suite, or its class; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// The test's name, exactly.
    #[schemars(length(min = 1, max = 500))]
    pub test: String,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
    /// Who mends the test.
    #[schemars(length(min = 1, max = 200))]
    pub owner: String,
    /// From then on its result counts again.
    pub until: Timestamp,
}

/// What is known of a test from all reports of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    pub suite: String,
    pub test: String,
    /// Runs that passed or failed, of all code.
    pub runs: u64,
    pub failed: u64,
    /// Whether it failed in the latest report of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed_last: bool,
    /// Of the runs, those on code that was tested more than once.
    pub compared: u64,
    /// Of those, the ones that disagree with the others of the same code.
    pub disagreeing: u64,
    /// That it disagrees in more than the share that was asked about, 0 to 1.
    pub confidence: f64,
    /// The mean of its durations, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_disagreed: Option<Timestamp>,
}

/// The longest time for which a test may be set aside: whoever cannot mend it by then deletes it, or asks again.
pub const QUARANTINE_MAX: Millis = Millis::from_secs(92 * 24 * 3600);

impl Quarantine {
    /// Whether it is about this test.
    pub fn covers(&self, case: &Case) -> bool {
        let is_suite = |it: &String| *it == case.suite || case.class.as_ref() == Some(it);
        self.test == case.name && self.suite.as_ref().is_none_or(is_suite)
    }
}
