//! When each host's agent was last heard of. It says nothing that must outlive the control plane; replicas leave each
//! other notes of it in the folder that they share.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shipway_api::view::agent::Connection;
use shipway_model::Name;
use shipway_model::event::AGENT_SILENCE_MAX;

/// A note is written anew after this.
const NOTE_AGE_MAX: SignedDuration = SignedDuration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Hearing {
    heard: Mutex<BTreeMap<Name, Timestamp>>,
    /// Where each host's note lies under its name, when there are other replicas.
    notes: Option<PathBuf>,
    noted: Mutex<BTreeMap<Name, Timestamp>>,
}

/// Of one host's agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) connection: Connection,
    /// Nothing when not heard of since the control plane started.
    pub(crate) at: Option<Timestamp>,
}

impl Hearing {
    /// Shared with other replicas by notes in `folder`, which is made if it is not there.
    pub(crate) fn noted_in(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { notes: Some(folder.to_owned()), ..Self::default() })
    }

    pub(crate) fn note(&self, host: &Name, now: Timestamp) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), now);
        let Some(notes) = &self.notes else { return };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(host).is_some_and(|at| now.duration_since(*at) < NOTE_AGE_MAX) {
            return;
        }
        noted.insert(host.clone(), now);
        drop(noted);
        // Whole or not at all, for whoever reads it meanwhile.
        let unfinished = notes.join(format!(".{host}"));
        let written = fs::write(&unfinished, now.to_string());
        if let Err(error) = written.and_then(|()| fs::rename(&unfinished, notes.join(host.as_str()))) {
            tracing::warn!(%error, "other replicas are not told whom this one has heard of");
        }
    }

    fn heard_at(&self, host: &Name) -> Option<Timestamp> {
        let here = self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied();
        let note = self.notes.as_ref().and_then(|it| fs::read_to_string(it.join(host.as_str())).ok());
        here.max(note.and_then(|it| it.parse().ok()))
    }

    /// What is known of `host`'s agent now.
    pub(crate) fn of(&self, host: &Name, now: Timestamp) -> Heard {
        let at = self.heard_at(host);
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
