//! Every kind of event by its stored name. The match is exhaustive: a new kind does not compile until it is here,
//! and then asks for its fixture.

use shipway_model::event::Body;

macro_rules! kinds {
    ($($variant:ident => $kind:literal,)*) => {
        pub(super) const KINDS: &[&str] = &[$($kind),*];

        pub(super) fn kind(body: &Body) -> &'static str {
            match body {
                $(Body::$variant { .. } => $kind,)*
            }
        }
    };
}

kinds! {
    LedgerOpened => "ledger.opened",
    TextsErased => "texts.erased",
    HoldPlaced => "hold.placed",
    HoldReleased => "hold.released",
    TokenIssued => "token.issued",
    TokenRevoked => "token.revoked",
    AccountAdded => "account.added",
    PasswordSet => "account.password-set",
    AccountDisabled => "account.disabled",
    AccountEnabled => "account.enabled",
    GrantRequested => "grant.requested",
    GrantApproved => "grant.approved",
    GrantEnded => "grant.ended",
    GrantUsed => "grant.used",
    AccessRefused => "access.refused",
    CommitsRecorded => "release.commits-recorded",
    ResourceApplied => "resource.applied",
    ArtifactRegistered => "artifact.registered",
    ReleaseCreated => "release.created",
    ReleaseSealed => "release.sealed",
    EvidenceAttached => "evidence.attached",
    AgentRegistered => "agent.registered",
    AgentLost => "agent.lost",
    AgentFound => "agent.found",
    InstanceChanged => "instance.changed",
    AlertFired => "alert.fired",
    AlertResolved => "alert.resolved",
    ScopePaused => "scope.paused",
    ScopeResumed => "scope.resumed",
    ExceptionRequested => "exception.requested",
    ExceptionApproved => "exception.approved",
    ExceptionWithdrawn => "exception.withdrawn",
    WaiverRequested => "waiver.requested",
    WaiverApproved => "waiver.approved",
    WaiverWithdrawn => "waiver.withdrawn",
    QuarantineBegun => "quarantine.begun",
    QuarantineEnded => "quarantine.ended",
    KeyRegistered => "key.registered",
    KeyRevoked => "key.revoked",
    DelegationGranted => "delegation.granted",
    DelegationEnded => "delegation.ended",
    ChangeOpened => "change.opened",
    ApprovalGiven => "approval.given",
    ApprovalWithdrawn => "approval.withdrawn",
    ReviewHeld => "review.held",
    ActionDone => "action.done",
    RolloutQueued => "rollout.queued",
    RolloutReplanned => "rollout.replanned",
    RolloutStarted => "rollout.started",
    RolloutPaused => "rollout.paused",
    RolloutResumed => "rollout.resumed",
    RolloutHeld => "rollout.held",
    RolloutFreed => "rollout.freed",
    RolloutHalted => "rollout.halted",
    RolloutUnwinding => "rollout.unwinding",
    RolloutAborting => "rollout.aborting",
    RolloutNoted => "rollout.noted",
    DeciderNamed => "rollout.decider-named",
    RolloutEnded => "rollout.ended",
    StepStarted => "step.started",
    StepEnded => "step.ended",
    StepRetried => "step.retried",
    StepTolerated => "step.tolerated",
    StepSkipped => "step.skipped",
    StepApproved => "step.approved",
    StepReopened => "step.reopened",
    GateDecided => "gate.decided",
    StepObserved => "step.observed",
    StepSilenced => "step.silenced",
}
