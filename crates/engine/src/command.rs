//! Everything that can be asked of the core.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_model::access::{Account, Commit, Privilege, TokenScope};
use shipway_model::alert::Marker;
use shipway_model::analysis::{Block, Verdict};
use shipway_model::approval::{Approval, PersonKey};
use shipway_model::change::Emergency;
use shipway_model::ci::Delivery;
use shipway_model::effect::{EffectKey, Outcome};
use shipway_model::event::{Condition, KnowledgeSource, PrunedTable, Role, Scope, TextRef};
use shipway_model::evidence::Attachment;
use shipway_model::exception::Exception;
use shipway_model::gate::{Decision, Waiver};
use shipway_model::itsm::{self, Mirrored};
use shipway_model::plan::{Instance, Silenced, StepId};
use shipway_model::quarantine::Quarantine;
use shipway_model::release::{Artifact, Bundle};
use shipway_model::resource::{Calendar, Resource};
use shipway_model::review::Review;
use shipway_model::scope::{Destination, Item, LateItem, Planned};
use shipway_model::source::{MergeBack, Source};
use shipway_model::stray::Stray;
use shipway_model::{
    AccountId, ChangeId, DecisionId, Digest, EvidenceId, ExceptionId, GrantId, LateId, Name, QuarantineId,
    ReleaseId, RolloutId, TokenId, WaiverId,
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
    /// The control plane notes what an artifact is known to carry, in a document of its own making.
    NoteVulnerabilities {
        id: EvidenceId,
        evidence: Attachment,
        /// Their ids, all of them.
        vulnerabilities: BTreeSet<String>,
        /// Components that could not be compared.
        unjudged: u64,
    },
    /// A batch of knowledge about vulnerabilities has been taken in.
    ImportVulnerabilities {
        source: KnowledgeSource,
        batch: Digest,
        changed: u64,
        unchanged: u64,
    },
    CreateRelease {
        id: ReleaseId,
        bundle: Bundle,
    },
    /// The actor takes on what the release is known to do wrong.
    AcceptKnownErrors {
        id: ReleaseId,
        note: String,
    },
    /// Which services' bills of materials name which Libraries. Whether they do was looked up before.
    NoteLibraryUses {
        id: ReleaseId,
        uses: BTreeMap<Name, BTreeSet<Name>>,
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
    /// Says that a condition of a vote is so.
    MeetCondition {
        id: ChangeId,
        board: Name,
        vote: String,
        condition: u32,
        note: String,
    },
    /// The actor has read this revision of a Runbook, and did not write it.
    ReviewRunbook {
        runbook: Name,
        revision: Digest,
        note: String,
    },
    /// Something in the Runbook is no longer so.
    OutdateRunbook {
        runbook: Name,
        reason: String,
    },
    /// Carries out a fallback that was agreed to with the release that stands there.
    FallBack {
        id: RolloutId,
        runbook: Name,
        fallback: Name,
        environment: Name,
        reason: String,
    },
    /// What gates say that approvals of the change wait for. The control plane alone asks this.
    NoteGates {
        id: ChangeId,
        decision: Decision,
    },
    FreezeScope {
        planned: Planned,
        at: Timestamp,
    },
    AddItem {
        planned: Planned,
        item: Item,
    },
    RequestLate {
        id: LateId,
        late: LateItem,
    },
    ApproveLate {
        id: LateId,
    },
    DeferItem {
        planned: Planned,
        item: Name,
        to: Destination,
        reason: String,
    },
    RecordSources {
        id: ReleaseId,
        sources: Vec<Source>,
    },
    RecordMergeBack {
        id: ReleaseId,
        merge_back: MergeBack,
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
    /// Everything that stands on a host and no order put there.
    ReportStrays {
        host: Name,
        found: Vec<Stray>,
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
    /// Somebody tells of a change that was made elsewhere.
    SetMarker {
        marker: Marker,
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
    /// What gates were told from outside of the ledger at this attempt is no longer so.
    ReopenGates {
        id: RolloutId,
        step: StepId,
        attempt: u32,
        reason: String,
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
        /// Of one that is given at a sign-in through an identity provider, the groups that it named.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        groups: BTreeSet<String>,
        /// Whether it is given at such a sign-in.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        provider: bool,
    },
    /// What became of fetching a CalendarFeed.
    RecordFeed {
        feed: Name,
        /// What it says now, and how many events of it were left out; or why it could not be taken.
        outcome: Result<(Box<Calendar>, u32), String>,
    },
    /// A departure is due. `ids` are for the rollouts of its coaches; those left over are not used.
    DepartTrain {
        train: Name,
        departure: Timestamp,
        ids: Vec<RolloutId>,
        /// Releases that fit what stands there by their contracts, also without what is uncoupled.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        fits: BTreeSet<ReleaseId>,
    },
    /// Time has come to look whether promises endanger trains, whether vendors have moved members of them, and whether reviews are
    /// overdue.
    WarnOfPromises {},
    NoteMirrored {
        id: ChangeId,
        mirrored: Mirrored,
    },
    NoteMirrorFailure {
        id: ChangeId,
        mirror: Name,
        reason: String,
    },
    /// A Channel has taken a message.
    NoteTold {
        channel: Name,
        notice: Digest,
    },
    /// A Channel could not be told.
    NoteUntold {
        channel: Name,
        notice: Digest,
        reason: String,
    },
    HearAnswer {
        id: ChangeId,
        answer: itsm::Answer,
    },
    /// What a CI system tells. Whether it is the one was checked before.
    HearCi {
        webhook: Name,
        delivery: Delivery,
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
    /// Lets the content of these tables go from an archive that is a copy.
    PruneArchive {
        archive: String,
        /// When their last events were recorded was looked up before.
        tables: Vec<PrunedTable>,
    },
    /// Deletes texts from beside the ledger. Which of them are about the subject was found out before.
    EraseTexts {
        subject: String,
        texts: Vec<TextRef>,
        reason: String,
    },
}
