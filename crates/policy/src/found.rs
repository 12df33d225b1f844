//! What a gate found, before the policy's name and waivers are put to it.

use jiff::Timestamp;
use shipway_model::gate::Status;
use shipway_model::{EvidenceId, WaiverId};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) status: Status,
    pub(crate) reasons: Vec<String>,
    pub(crate) evidence: Vec<EvidenceId>,
    /// Waivers that a gate applied to single findings.
    pub(crate) waivers: Vec<WaiverId>,
    pub(crate) next: Option<String>,
    pub(crate) until: Option<Timestamp>,
}

impl Found {
    pub(crate) fn new(status: Status, reasons: Vec<String>) -> Self {
        Self { status, reasons, evidence: Vec::new(), waivers: Vec::new(), next: None, until: None }
    }

    /// Nothing that counts: what is asked for, and the command that brings it.
    pub(crate) fn missing(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..Self::new(Status::Missing, vec![reason.into()]) }
    }

    /// Failed with these reasons; without any, satisfied with `well`.
    pub(crate) fn unless(faults: Vec<String>, well: impl Into<String>) -> Self {
        match faults.is_empty() {
            true => Self::new(Status::Satisfied, vec![well.into()]),
            false => Self::new(Status::Failed, faults),
        }
    }

    /// With the command that helps, if it does not pass and there is one.
    #[must_use]
    pub(crate) fn helped_by(mut self, next: Option<String>) -> Self {
        if !self.status.passes() {
            self.next = next.or(self.next);
        }
        self
    }

    #[must_use]
    pub(crate) fn shown_by(mut self, ids: impl IntoIterator<Item = EvidenceId>) -> Self {
        self.evidence = ids.into_iter().collect();
        self
    }
}
