//! Everything that can be asked of the core.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_model::access::{Account, Commit, Privilege, TokenScope};
use shipway_model::analysis::{Block, Verdict};
use shipway_model::approval::{Approval, PersonKey};
use shipway_model::change::Emergency;
use shipway_model::effect::{EffectKey, Outcome};
use shipway_model::event::{Condition, Role, Scope, TextRef};
use shipway_model::evidence::Attachment;
use shipway_model::exception::Exception;
use shipway_model::gate::{Decision, Waiver};
use shipway_model::plan::{Instance, Silenced, StepId};
use shipway_model::quarantine::Quarantine;
use shipway_model::release::{Artifact, Bundle};
use shipway_model::resource::Resource;
use shipway_model::review::Review;
use shipway_model::{
    AccountId, ChangeId, DecisionId, Digest, EvidenceId, ExceptionId, GrantId, Name, QuarantineId, ReleaseId,
    RolloutId, TokenId, WaiverId,
};

use crate::alert::Notice;

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub actor: &'a str,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    ApplyResources {
        resources: Vec<Resource>,
    },
    RegisterArtifact {
        artifact: Artifact,
    },
    AttachEvidence {
        id: EvidenceId,
        evidence: Attachment,
    },
    CreateRelease {
        id: ReleaseId,
        bundle: Bundle,
    },
    SealRelease {
        id: ReleaseId,
    },
    /// `plan` is the digest of the plan that was looked at; another plan than that is refused.
    StartRollout {
        id: RolloutId,
        release: ReleaseId,
        environment: Name,
        plan: Option<Digest>,
    },
    /// As [`Command::StartRollout`], as an emergency.
    StartHotfix {
        id: RolloutId,
        release: ReleaseId,
        environment: Name,
        plan: Option<Digest>,
        emergency: Emergency,
    },
    PauseRollout {
        id: RolloutId,
        reason: String,
    },
    ResumeRollout {
        id: RolloutId,
    },
    AbortRollout {
        id: RolloutId,
        reason: String,
    },
    RollBack {
        id: RolloutId,
        reason: String,
    },
    Retry {
        id: RolloutId,
    },
    ApproveStep {
        id: RolloutId,
        step: StepId,
        note: String,
    },
    /// Writes down what the actor saw, did or decided.
    NoteRollout {
        id: RolloutId,
        note: String,
    },
    /// Says who decides about a rollout.
    NameDecider {
        id: RolloutId,
        decider: String,
    },
    PauseScope {
        scope: Scope,
        reason: String,
    },
    ResumeScope {
        scope: Scope,
    },
    RequestException {
        id: ExceptionId,
        exception: Exception,
    },
    ApproveException {
        id: ExceptionId,
    },
    WithdrawException {
        id: ExceptionId,
        reason: String,
    },
    RequestWaiver {
        id: WaiverId,
        waiver: Waiver,
    },
    ApproveWaiver {
        id: WaiverId,
    },
    WithdrawWaiver {
        id: WaiverId,
        reason: String,
    },
    BeginQuarantine {
        id: QuarantineId,
        quarantine: Quarantine,
    },
    EndQuarantine {
        id: QuarantineId,
        reason: String,
    },
    RegisterKey {
        key: PersonKey,
    },
    RevokeKey {
        key: Digest,
        since: Option<Timestamp>,
        reason: String,
    },
    GrantDelegation {
        to: String,
        until: Timestamp,
        reason: String,
    },
    EndDelegation {
        to: String,
    },
    GiveApproval {
        id: ChangeId,
        approval: Approval,
    },
    WithdrawApproval {
        id: ChangeId,
        reason: String,
    },
    HoldReview {
        id: ChangeId,
        review: Review,
    },
    FinishAction {
        id: ChangeId,
        action: Name,
        note: String,
    },
    RegisterAgent {
        host: Name,
        address: IpAddr,
        labels: BTreeMap<String, String>,
    },
    /// The agent was not heard of for as long as makes it lost.
    ReportAgentLost {
        host: Name,
    },
    ReportAgentFound {
        host: Name,
    },
    ReportInstance {
        instance: Instance,
        condition: Condition,
        detail: String,
    },
    /// Somebody else's monitoring tells of alerts.
    ReceiveAlerts {
        notices: Vec<Notice>,
    },
    /// How an effect ended. Whether the reporter still held it was checked before.
    Report {
        key: EffectKey,
        outcome: Outcome,
    },
    /// What gates said to a step that asked them. Whether who says so held the effect was checked before.
    Decide {
        key: EffectKey,
        id: DecisionId,
        decision: Decision,
    },
    /// What the judge saw on the way.
    Observe {
        key: EffectKey,
        block: Block,
        verdict: Verdict,
    },
    /// What a silence kept quiet that has ended.
    NoteSilence {
        rollout: RolloutId,
        step: StepId,
        silenced: Silenced,
    },
    IssueToken {
        id: TokenId,
        name: String,
        role: Role,
        secret_digest: Digest,
        expires: Option<Timestamp>,
        scope: Option<TokenScope>,
        /// Of one that is given at a sign-in.
        account: Option<AccountId>,
    },
    RevokeToken {
        id: TokenId,
    },
    AddAccount {
        id: AccountId,
        account: Account,
    },
    /// The hash of the new password is kept by whoever takes sign-ins.
    SetPassword {
        id: AccountId,
    },
    DisableAccount {
        id: AccountId,
    },
    EnableAccount {
        id: AccountId,
    },
    RequestGrant {
        id: GrantId,
        privilege: Privilege,
    },
    ApproveGrant {
        id: GrantId,
    },
    EndGrant {
        id: GrantId,
        reason: String,
    },
    /// What the actor does next is allowed on account of the grant alone.
    UseGrant {
        id: GrantId,
        operation: String,
        resource: String,
    },
    RecordRefusal {
        operation: String,
        resource: String,
        reason: String,
    },
    RecordCommits {
        id: ReleaseId,
        commits: Vec<Commit>,
    },
    PlaceHold {
        name: Name,
        reason: String,
    },
    ReleaseHold {
        name: Name,
    },
    /// Deletes texts from beside the ledger. Which of them are about the subject was found out before.
    EraseTexts {
        subject: String,
        texts: Vec<TextRef>,
        reason: String,
    },
}
