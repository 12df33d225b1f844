//! Which texts of an event may name a person, and how they stand in its record.
//!
//! Names of who acted and what people wrote freely may have to be erased one day, and the record may not change. So a
//! record holds a salted commitment in place of each such text; salt and text are kept beside the ledger. Declarations,
//! plans and what machines report are not personal: whoever declares teams by real names publishes them.

use super::{Body, Cause, End, Event, Role};

/// What stands in place of a committed text, before the commitment's digest.
pub const COMMITTED: &str = "committed:";
/// What is shown in place of a text that was erased.
pub const ERASED: &str = "erased";

/// A text that may name a person.
pub struct Personal<'a> {
    /// Where it stands in the record's JSON (RFC 6901).
    pub pointer: &'static str,
    pub text: &'a mut String,
}

impl Event {
    /// False only where [`Event::personal_mut`] finds nothing; cheap, and asked of every event.
    pub fn may_name_a_person(&self) -> bool {
        // Whatever a machine does, it may pass on a person's reason at the end.
        names_a_person(&self.actor)
            || matches!(
                self.body,
                Body::RolloutEnded { .. } | Body::TokenIssued { .. } | Body::AccessRefused { .. }
            )
    }

    /// The texts that may name a person, but for empty ones.
    pub fn personal_mut(&mut self) -> impl Iterator<Item = Personal<'_>> {
        let is_personal = names_a_person(&self.actor);
        let actor = is_personal.then_some(Personal { pointer: "/actor", text: &mut self.actor });
        let found = [actor].into_iter().chain(self.body.personal_mut()).flatten();
        found.filter(|it| !it.text.is_empty())
    }
}

/// Machines act under names of their own.
fn names_a_person(actor: &str) -> bool {
    let machines = [super::AGENT_PREFIX, crate::ci::WEBHOOK_PREFIX];
    actor != super::CONTROL_PLANE && !machines.iter().any(|it| actor.starts_with(it))
}

impl Body {
    fn personal_mut(&mut self) -> [Option<Personal<'_>>; 2] {
        let at = |pointer, text| [Some(Personal { pointer, text }), None];
        match self {
            // An agent's token is named after its host.
            Self::TokenIssued { role: Role::Agent, .. } => [None, None],
            Self::TokenIssued { name, .. } => at("/data/name", name),
            Self::AccountAdded { account, .. } => at("/data/account/name", &mut account.name),
            Self::GrantRequested { privilege, .. } => at("/data/privilege/reason", &mut privilege.reason),
            Self::CommitsRecorded { commits, .. } => at("/data/commits", commits),
            Self::SourcesRecorded { sources, .. } => at("/data/sources", sources),
            Self::LateRequested { late, .. } => at("/data/late/reason", &mut late.reason),
            Self::ScopePaused { reason, .. }
            | Self::GrantEnded { reason, .. }
            | Self::AccessRefused { reason, .. }
            | Self::RolloutPaused { reason, .. }
            | Self::RolloutAborting { reason, .. }
            | Self::TextsErased { reason, .. }
            | Self::ExceptionWithdrawn { reason, .. }
            | Self::WaiverWithdrawn { reason, .. }
            | Self::QuarantineEnded { reason, .. }
            | Self::KeyRevoked { reason, .. }
            | Self::ApprovalWithdrawn { reason, .. }
            | Self::ItemDeferred { reason, .. }
            | Self::RunbookOutdated { reason, .. }
            | Self::HoldPlaced { reason, .. } => at("/data/reason", reason),
            // A folder may be somebody's own.
            Self::ArchivePruned { archive, .. } => at("/data/archive", archive),
            Self::ExceptionRequested { exception, .. } => at("/data/exception/reason", &mut exception.reason),
            Self::WaiverRequested { waiver, .. } => [Some(Personal { pointer: "/data/waiver/reason", text: &mut waiver.reason }), Some(Personal { pointer: "/data/waiver/owner", text: &mut waiver.owner })],
            Self::StepApproved { note, .. }
            | Self::ActionDone { note, .. }
            | Self::KnownErrorsAccepted { note, .. }
            | Self::ConditionMet { note, .. }
            | Self::RunbookReviewed { note, .. }
            | Self::RolloutNoted { note, .. } => at("/data/note", note),
            Self::QuarantineBegun { quarantine, .. } => [Some(Personal { pointer: "/data/quarantine/reason", text: &mut quarantine.reason }), Some(Personal { pointer: "/data/quarantine/owner", text: &mut quarantine.owner })],
            Self::DeciderNamed { decider, .. } => at("/data/decider", decider),
            Self::KeyRegistered { key } => at("/data/key/label", &mut key.label),
            Self::DelegationGranted { to, reason, .. } => [Some(Personal { pointer: "/data/to", text: to }), Some(Personal { pointer: "/data/reason", text: reason })],
            Self::DelegationEnded { to } => at("/data/to", to),
            Self::ChangeOpened { change, .. } => match &mut change.emergency {
                Some(emergency) => at("/data/change/emergency/reason", &mut emergency.reason),
                None => [None, None],
            },
            Self::ApprovalGiven { approval, .. } => at("/data/approval/note", &mut approval.note),
            Self::ReviewHeld { review, .. } => [Some(Personal { pointer: "/data/review/summary", text: &mut review.summary }), Some(Personal { pointer: "/data/review/causes", text: &mut review.causes })],
            Self::ChangeAnswered { answer, .. } => at("/data/answer/by", &mut answer.by),
            Self::EvidenceAttached { evidence, .. } => {
                let issuer = evidence.statement.as_mut().map(|word| Personal {
                    pointer: "/data/evidence/statement/issuer",
                    text: &mut word.issuer,
                });
                let signer = evidence.seal.as_mut().map(|seal| Personal {
                    pointer: "/data/evidence/seal/signer/identity",
                    text: &mut seal.signer.identity,
                });
                [issuer, signer]
            }
            Self::RolloutUnwinding { cause: Cause::Asked { by, reason }, .. } => [Some(Personal { pointer: "/data/cause/asked/by", text: by }), Some(Personal { pointer: "/data/cause/asked/reason", text: reason })],
            Self::RolloutEnded { end: End::Aborted { reason }, .. } => at("/data/end/aborted/reason", reason),
            Self::RolloutEnded { end: End::Cancelled { reason }, .. } => {
                at("/data/end/cancelled/reason", reason)
            }
            Self::RolloutUnwinding {
                cause:
                    Cause::StepFailed { .. }
                    | Cause::InstanceFailed { .. }
                    | Cause::TargetLost { .. }
                    | Cause::AlertFired { .. }
                    | Cause::CalendarClosed { .. },
                ..
            }
            | Self::RolloutEnded { end: End::Succeeded { .. } | End::RolledBack {}, .. }
            | Self::LedgerOpened { .. }
            | Self::HoldReleased { .. }
            | Self::TokenRevoked { .. }
            | Self::PasswordSet { .. }
            | Self::AccountDisabled { .. }
            | Self::AccountEnabled { .. }
            | Self::GrantApproved { .. }
            | Self::GrantUsed { .. }
            | Self::ResourceApplied { .. }
            | Self::ArtifactRegistered { .. }
            | Self::ReleaseCreated { .. }
            | Self::ReleaseSealed { .. }
            | Self::VulnerabilitiesImported { .. }
            | Self::VulnerabilitiesChanged { .. }
            | Self::AgentRegistered { .. }
            | Self::AgentLost { .. }
            | Self::AgentFound { .. }
            | Self::StrayFound { .. }
            | Self::StrayGone { .. }
            | Self::InstanceChanged { .. }
            | Self::AlertFired { .. }
            | Self::AlertResolved { .. }
            | Self::MarkerSet { .. }
            | Self::ScopeResumed { .. }
            | Self::ExceptionApproved { .. }
            | Self::WaiverApproved { .. }
            | Self::RolloutHeld { .. }
            | Self::RolloutFreed { .. }
            | Self::RolloutQueued { .. }
            | Self::RolloutReplanned { .. }
            | Self::RolloutStarted { .. }
            | Self::RolloutResumed { .. }
            | Self::RolloutHalted { .. }
            | Self::StepStarted { .. }
            | Self::StepEnded { .. }
            | Self::StepRetried { .. }
            | Self::StepTolerated { .. }
            | Self::StepSkipped { .. }
            | Self::StepReopened { .. }
            // Gates give reasons without names: who waived or sent what is told by id.
            | Self::GateDecided { .. }
            | Self::GatesNoted { .. }
            | Self::ChangeReminded { .. }
            | Self::ChangeEscalated { .. }
            | Self::ReviewOverdue { .. }
            | Self::MergedBack { .. }
            | Self::ConsumersNotified { .. }
            | Self::LibraryUsesNoted { .. }
            | Self::ChannelTold { .. }
            | Self::ChannelFailed { .. }
            | Self::ScopeFrozen { .. }
            | Self::ItemAdded { .. }
            | Self::LateApproved { .. }
            | Self::StepObserved { .. }
            | Self::StepSilenced { .. }
            | Self::ChangeMirrored { .. }
            | Self::MirrorFailed { .. }
            | Self::CiReported { .. }
            | Self::FeedFetched { .. }
            | Self::TrainDeparted { .. }
            // Whom a Train tells stands in its declaration.
            | Self::TrainEndangered { .. }
            | Self::TrainMoved { .. } => [None, None],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(actor: &str, body: serde_json::Value) -> Event {
        let mut event = serde_json::json!({
            "schema": "shipway.dev/event/v1", "tenant": "default", "actor": actor, "at": "2026-03-14T09:26:53Z",
        });
        event.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn pointers_lead_to_the_texts_in_the_record() {
        let bodies = [
            serde_json::json!({"type": "token.issued", "data": {
                "id": "tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "name": "ana", "role": "operator",
                "secretDigest": format!("sha256:{}", "0".repeat(64)),
            }}),
            serde_json::json!({"type": "scope.paused", "data": {"scope": "everything", "reason": "why"}}),
            serde_json::json!({"type": "rollout.unwinding", "data": {
                "id": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "cause": {"asked": {"by": "ana", "reason": "why"}},
            }}),
            serde_json::json!({"type": "rollout.ended", "data": {
                "id": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "end": {"cancelled": {"reason": "why"}},
            }}),
            serde_json::json!({"type": "rollout.ended", "data": {
                "id": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "end": {"aborted": {"reason": "why"}},
            }}),
            serde_json::json!({"type": "waiver.requested", "data": {
                "id": "wai_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
                "waiver": {
                    "policy": "production", "gate": "scan", "reason": "why", "owner": "ana",
                    "expires": "2026-04-01T00:00:00Z",
                },
            }}),
            serde_json::json!({"type": "waiver.withdrawn", "data": {
                "id": "wai_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "reason": "why",
            }}),
            serde_json::json!({"type": "step.approved", "data": {
                "id": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "step": 1, "note": "fine",
            }}),
        ];
        for body in bodies {
            let mut event = event("ana", body);
            let record = serde_json::to_value(&event).unwrap();
            let found: Vec<_> = event.personal_mut().collect();
            assert!(found.len() > 1, "{record}");
            for Personal { pointer, text } in found {
                assert_eq!(
                    record.pointer(pointer).and_then(|it| it.as_str()),
                    Some(text.as_str()),
                    "{pointer}"
                );
            }
        }
    }

    #[test]
    fn machines_and_empty_texts_are_nobody() {
        for actor in ["shipway", "agent:host-a", "webhook:github"] {
            let mut event = event(
                actor,
                serde_json::json!({"type": "scope.paused", "data": {"scope": "everything", "reason": ""}}),
            );
            assert_eq!(event.personal_mut().count(), 0, "{actor}");
        }
    }
}
