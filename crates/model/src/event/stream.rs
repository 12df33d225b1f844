//! To which aggregate an event belongs.

use std::fmt;

use super::Body;
use crate::{ChangeId, Name, ReleaseId, RolloutId};

/// The name of an aggregate's events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    Ledger,
    Access,
    Catalogue,
    Artifacts(Name),
    Release(ReleaseId),
    Evidence,
    Vulnerabilities,
    Alerts,
    /// What a CI system tells.
    Webhook(Name),
    Agent(Name),
    Pauses,
    Exceptions,
    Waivers,
    /// Scopes of releases.
    Scopes,
    Quarantines,
    Change(ChangeId),
    Rollout(RolloutId),
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("ledger"),
            Self::Access => f.write_str("access"),
            Self::Catalogue => f.write_str("catalogue"),
            Self::Artifacts(service) => write!(f, "artifact:{service}"),
            Self::Release(id) => write!(f, "release:{id}"),
            Self::Evidence => f.write_str("evidence"),
            Self::Vulnerabilities => f.write_str("vulnerabilities"),
            Self::Alerts => f.write_str("alerts"),
            Self::Webhook(name) => write!(f, "webhook:{name}"),
            Self::Agent(host) => write!(f, "agent:{host}"),
            Self::Pauses => f.write_str("pauses"),
            Self::Exceptions => f.write_str("exceptions"),
            Self::Waivers => f.write_str("waivers"),
            Self::Scopes => f.write_str("scopes"),
            Self::Quarantines => f.write_str("quarantines"),
            Self::Change(id) => write!(f, "change:{id}"),
            Self::Rollout(id) => write!(f, "rollout:{id}"),
        }
    }
}

impl Body {
    /// The stream that the event belongs to; one stream is one aggregate.
    pub fn stream(&self) -> Stream {
        match self {
            Self::LedgerOpened { .. }
            | Self::TextsErased { .. }
            | Self::HoldPlaced { .. }
            | Self::HoldReleased { .. }
            | Self::ArchivePruned { .. } => Stream::Ledger,
            Self::TokenIssued { .. }
            | Self::TokenRevoked { .. }
            | Self::AccountAdded { .. }
            | Self::PasswordSet { .. }
            | Self::AccountDisabled { .. }
            | Self::AccountEnabled { .. }
            | Self::GrantRequested { .. }
            | Self::GrantApproved { .. }
            | Self::GrantEnded { .. }
            | Self::GrantUsed { .. }
            | Self::AccessRefused { .. }
            | Self::KeyRegistered { .. }
            | Self::KeyRevoked { .. }
            | Self::DelegationGranted { .. }
            | Self::DelegationEnded { .. } => Stream::Access,
            Self::ChangeOpened { id, .. }
            | Self::ApprovalGiven { id, .. }
            | Self::ApprovalWithdrawn { id, .. }
            | Self::ReviewHeld { id, .. }
            | Self::ActionDone { id, .. }
            | Self::ConditionMet { id, .. }
            | Self::ChangeReminded { id, .. }
            | Self::ChangeEscalated { id, .. }
            | Self::ReviewOverdue { id, .. }
            | Self::GatesNoted { id, .. }
            | Self::ChangeMirrored { id, .. }
            | Self::MirrorFailed { id, .. }
            | Self::ChangeAnswered { id, .. } => Stream::Change(*id),
            Self::ResourceApplied { .. }
            | Self::FeedFetched { .. }
            | Self::TrainDeparted { .. }
            | Self::TrainEndangered { .. }
            | Self::TrainMoved { .. }
            | Self::ChannelTold { rollout: None, .. }
            | Self::ChannelFailed { rollout: None, .. }
            | Self::RunbookReviewed { .. }
            | Self::RunbookOutdated { .. } => Stream::Catalogue,
            Self::ArtifactRegistered { artifact } => Stream::Artifacts(artifact.service.clone()),
            Self::ReleaseCreated { id, .. }
            | Self::ReleaseSealed { id, .. }
            | Self::CommitsRecorded { id, .. }
            | Self::KnownErrorsAccepted { id, .. }
            | Self::SourcesRecorded { id, .. }
            | Self::MergedBack { id, .. }
            | Self::LibraryUsesNoted { id, .. }
            | Self::ConsumersNotified { id, .. } => Stream::Release(*id),
            Self::ScopeFrozen { .. }
            | Self::ItemAdded { .. }
            | Self::LateRequested { .. }
            | Self::LateApproved { .. }
            | Self::ItemDeferred { .. } => Stream::Scopes,
            Self::EvidenceAttached { .. } => Stream::Evidence,
            Self::VulnerabilitiesImported { .. } | Self::VulnerabilitiesChanged { .. } => {
                Stream::Vulnerabilities
            }
            Self::AlertFired { .. } | Self::AlertResolved { .. } | Self::MarkerSet { .. } => Stream::Alerts,
            Self::CiReported { webhook, .. } => Stream::Webhook(webhook.clone()),
            Self::StrayFound { host, .. }
            | Self::StrayGone { host, .. }
            | Self::AgentRegistered { host, .. }
            | Self::AgentLost { host }
            | Self::AgentFound { host } => Stream::Agent(host.clone()),
            Self::InstanceChanged { instance, .. } => Stream::Agent(instance.target.clone()),
            Self::ScopePaused { .. } | Self::ScopeResumed { .. } => Stream::Pauses,
            Self::ExceptionRequested { .. }
            | Self::ExceptionApproved { .. }
            | Self::ExceptionWithdrawn { .. } => Stream::Exceptions,
            Self::WaiverRequested { .. } | Self::WaiverApproved { .. } | Self::WaiverWithdrawn { .. } => {
                Stream::Waivers
            }
            Self::QuarantineBegun { .. } | Self::QuarantineEnded { .. } => Stream::Quarantines,
            Self::RolloutQueued { id, .. }
            | Self::RolloutReplanned { id, .. }
            | Self::RolloutStarted { id }
            | Self::RolloutPaused { id, .. }
            | Self::RolloutResumed { id }
            | Self::RolloutHeld { id, .. }
            | Self::RolloutFreed { id }
            | Self::RolloutHalted { id, .. }
            | Self::RolloutUnwinding { id, .. }
            | Self::RolloutAborting { id, .. }
            | Self::RolloutNoted { id, .. }
            | Self::DeciderNamed { id, .. }
            | Self::ChannelTold { rollout: Some(id), .. }
            | Self::ChannelFailed { rollout: Some(id), .. }
            | Self::RolloutEnded { id, .. }
            | Self::StepStarted { id, .. }
            | Self::StepEnded { id, .. }
            | Self::StepRetried { id, .. }
            | Self::StepTolerated { id, .. }
            | Self::StepSkipped { id, .. }
            | Self::StepApproved { id, .. }
            | Self::StepReopened { id, .. }
            | Self::GateDecided { id, .. }
            | Self::StepObserved { id, .. }
            | Self::StepSilenced { id, .. } => Stream::Rollout(*id),
        }
    }

    /// The rollout that it is about, if it is about one.
    pub fn rollout(&self) -> Option<RolloutId> {
        match self.stream() {
            Stream::Rollout(id) => Some(id),
            _ => None,
        }
    }
}
