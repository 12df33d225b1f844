//! When each host's agent was last heard of. In memory alone: it says nothing that must outlive the control plane.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shipway_api::view::agent::Connection;
use shipway_model::Name;
use shipway_model::event::AGENT_SILENCE_MAX;

#[derive(Debug, Default)]
pub(crate) struct Hearing {
    heard: Mutex<BTreeMap<Name, Timestamp>>,
}

/// Of one host's agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) connection: Connection,
    /// Nothing when not heard of since the control plane started.
    pub(crate) at: Option<Timestamp>,
}

impl Hearing {
    pub(crate) fn note(&self, host: &Name, now: Timestamp) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), now);
    }

    /// What is known of `host`'s agent now.
    pub(crate) fn of(&self, host: &Name, now: Timestamp) -> Heard {
        let at = self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied();
        // A long poll keeps an agent quiet for its whole length.
        let quiet_max = SignedDuration::from_millis(
            AGENT_SILENCE_MAX.0 as i64 + i64::from(shipway_api::operations::agent::LEASE_WAIT_MS_MAX),
        );
        let connection = match at {
            Some(at) if now.duration_since(at) <= quiet_max => Connection::Connected,
            _ => Connection::Silent,
        };
        Heard { connection, at }
    }
}
