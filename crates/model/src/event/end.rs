//! How a rollout ends, and why it is taken back.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{Instance, StepId};
use crate::{AlertId, Name};

/// Why a rollout is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Cause {
    /// A person asked.
    Asked {
        by: String,
        reason: String,
    },
    StepFailed {
        step: StepId,
        reason: String,
    },
    /// An instance of the new version failed after it had been healthy.
    InstanceFailed {
        instance: Instance,
        reason: String,
    },
    /// The agent of a target of the new version was not heard of any more.
    TargetLost {
        target: Name,
        reason: String,
    },
    /// An alert from outside tells of a service that it ships.
    AlertFired {
        alert: AlertId,
        reason: String,
    },
    /// A calendar closed, whose rule wants what it catches taken back.
    CalendarClosed {
        /// For people: which rule, and why.
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum End {
    Succeeded {
        failed_targets: u32,
    },
    RolledBack {},
    /// Stopped where it stood; what was done stays.
    Aborted {
        reason: String,
    },
    /// Never started, for example because its plan no longer holds.
    Cancelled {
        reason: String,
    },
}

impl Cause {
    /// In the words of whoever, or whatever, gave it.
    pub fn reason(&self) -> &str {
        match self {
            Self::Asked { reason, .. }
            | Self::StepFailed { reason, .. }
            | Self::InstanceFailed { reason, .. }
            | Self::TargetLost { reason, .. }
            | Self::AlertFired { reason, .. }
            | Self::CalendarClosed { reason } => reason,
        }
    }
}

/// As a clause, with whoever asked or what failed before the reason.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { by, reason } if reason.is_empty() => write!(f, "{by} asked for it"),
            Self::Asked { by, reason } => write!(f, "{by} asked for it: {reason}"),
            Self::StepFailed { step, reason } => write!(f, "step {step} failed: {reason}"),
            Self::InstanceFailed { instance, reason } => write!(f, "{instance} failed: {reason}"),
            Self::CalendarClosed { reason }
            | Self::AlertFired { reason, .. }
            | Self::TargetLost { reason, .. } => f.write_str(reason),
        }
    }
}
