//! Events: everything that ever happened, stored for ever.
//!
//! An event's JSON form is a promise: fields are added with a default, never renamed or removed, and
//! `tests/events` keeps one fixture per kind. 64-bit numbers that may pass 2^53 travel as strings.

mod end;
mod personal;
mod read;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Account, Privilege, TokenScope};
use crate::alert::{Alert, Marker, Suspect};
use crate::analysis::{Block, Verdict};
use crate::approval::{Approval, PersonKey};
use crate::change::Change;
use crate::ci::Delivery;
use crate::effect::{Direction, Outcome};
use crate::evidence::Attachment;
use crate::exception::Exception;
use crate::gate::{Decision, Waiver};
use crate::itsm::{self, Mirrored};
use crate::plan::{Instance, Plan, Silenced, StepId};
use crate::quarantine::Quarantine;
use crate::release::{Artifact, Bundle};
use crate::resource::Resource;
use crate::review::Review;
use crate::scope::{Destination, Item, LateItem, Planned};
use crate::stray::Stray;
use crate::{
    AccountId, AlertId, ChangeId, DecisionId, Digest, EvidenceId, ExceptionId, GrantId, LateId, Millis, Name,
    QuarantineId, ReleaseId, RolloutId, TokenId, WaiverId,
};

pub use end::{Cause, End};
pub use personal::{COMMITTED, ERASED, Personal};
pub use stream::Stream;

/// Who causes what follows from time and earlier events alone.
pub const CONTROL_PLANE: &str = "shipway";
/// Before the host, in the name of an agent that acts.
pub const AGENT_PREFIX: &str = "agent:";

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The version of the envelope.
    pub schema: Schema,
    pub tenant: Name,
    /// Who caused it: the name on the token, `agent:HOST`, or `shipway` itself.
    pub actor: String,
    /// By the control plane's clock. Never before the event above it.
    pub at: Timestamp,
    #[serde(flatten)]
    pub body: Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Schema {
    #[default]
    #[serde(rename = "shipway.dev/event/v1")]
    V1,
}

/// What happened.
///
/// Whoever reads a ledger moves millions of these from hand to hand: what is large and rare is boxed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum Body {
    /// The first event of every ledger.
    #[serde(rename = "ledger.opened")]
    LedgerOpened { origin: String },
    /// Texts that may name a person were deleted from beside the ledger; their records stay as they are.
    #[serde(rename = "texts.erased")]
    TextsErased { texts: Vec<TextRef>, reason: String },
    /// Nothing is erased or deleted while a hold stands.
    #[serde(rename = "hold.placed")]
    HoldPlaced { name: Name, reason: String },
    #[serde(rename = "hold.released")]
    HoldReleased { name: Name },
    /// Nothing asks for these events any more: their content goes from the archive at this address, which is a copy. Their
    /// hashes stay there, and the ledger keeps everything. Recorded before anything is deleted.
    #[serde(rename = "archive.pruned")]
    ArchivePruned {
        /// As whoever asked for it called the place.
        archive: String,
        /// For how long events were kept when it was decided.
        years: u8,
        /// In their order, without gaps.
        tables: Vec<PrunedTable>,
    },
    #[serde(rename = "token.issued")]
    TokenIssued {
        id: TokenId,
        name: String,
        role: Role,
        secret_digest: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// Of a machine's, what it is limited to. Whoever issued it answers for what it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Box<TokenScope>>,
        /// Of one that was given at a sign-in, the account that signed in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Of one that was given at a sign-in through an identity provider, the groups that it named.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        groups: BTreeSet<String>,
        /// Whether it was given at such a sign-in.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        provider: bool,
    },
    #[serde(rename = "token.revoked")]
    TokenRevoked { id: TokenId },
    #[serde(rename = "account.added")]
    AccountAdded { id: AccountId, account: Account },
    /// A new password holds; it is kept beside the ledger, as a hash. Earlier sign-ins end.
    #[serde(rename = "account.password-set")]
    PasswordSet { id: AccountId },
    /// It signs in no more, and its sign-ins end.
    #[serde(rename = "account.disabled")]
    AccountDisabled { id: AccountId },
    #[serde(rename = "account.enabled")]
    AccountEnabled { id: AccountId },
    /// Somebody asks for privilege for a while.
    #[serde(rename = "grant.requested")]
    GrantRequested { id: GrantId, privilege: Privilege },
    /// Somebody else said yes: from now until then.
    #[serde(rename = "grant.approved")]
    GrantApproved { id: GrantId, until: Timestamp },
    /// It was ended by hand, before its time or before it began.
    #[serde(rename = "grant.ended")]
    GrantEnded { id: GrantId, reason: String },
    /// What follows from the actor was allowed on account of the grant alone.
    #[serde(rename = "grant.used")]
    GrantUsed {
        id: GrantId,
        /// The operation's id.
        operation: String,
        /// What it was about, as the question of authorisation named it.
        resource: String,
    },
    /// Something was tried that points at an attack, or would have broken the segregation of duties.
    #[serde(rename = "access.refused")]
    AccessRefused { operation: String, resource: String, reason: String },
    #[serde(rename = "resource.applied")]
    ResourceApplied { resource: Arc<Resource>, digest: Digest },
    #[serde(rename = "artifact.registered")]
    ArtifactRegistered { artifact: Box<Artifact> },
    #[serde(rename = "release.created")]
    ReleaseCreated { id: ReleaseId, bundle: Box<Bundle> },
    #[serde(rename = "release.sealed")]
    ReleaseSealed { id: ReleaseId, bundle: Box<Bundle>, digest: Digest },
    /// Who wrote what the release brings.
    #[serde(rename = "release.commits-recorded")]
    CommitsRecorded {
        id: ReleaseId,
        /// Of `commits`, as it is written there.
        digest: Digest,
        /// A JSON list of [`crate::access::Commit`]s. One text, because it names people and so stands beside the ledger.
        commits: String,
    },
    /// From which branches or tags the release comes.
    #[serde(rename = "release.sources-recorded")]
    SourcesRecorded {
        id: ReleaseId,
        /// Of `sources`, as it is written there.
        digest: Digest,
        /// A JSON list of [`crate::source::Source`]s, in one text as commits are.
        sources: String,
    },
    /// What a hotfix mended was found in these branches too.
    #[serde(rename = "release.merged-back")]
    MergedBack { id: ReleaseId, repository: Name, commit: String, found_in: BTreeSet<String> },
    /// Teams whose services depend on what the release changes, and which services of theirs.
    #[serde(rename = "release.consumers-notified")]
    ConsumersNotified { id: ReleaseId, consumers: BTreeMap<Name, BTreeSet<Name>> },
    /// Which services' bills of materials name which Libraries, as it was found before the release is sealed.
    #[serde(rename = "release.library-uses-noted")]
    LibraryUsesNoted { id: ReleaseId, uses: BTreeMap<Name, BTreeSet<Name>> },
    /// Nothing more comes into the release from then on but by exception. A later one takes its place.
    #[serde(rename = "release-scope.frozen")]
    ScopeFrozen { planned: Planned, at: Timestamp },
    #[serde(rename = "release-scope.item-added")]
    ItemAdded { planned: Planned, item: Item },
    /// Somebody asks to let an item in after the freeze.
    #[serde(rename = "release-scope.late-requested")]
    LateRequested { id: LateId, late: LateItem },
    /// One of the words that it needs, the actor's.
    #[serde(rename = "release-scope.late-approved")]
    LateApproved { id: LateId },
    /// It does not come with this release.
    #[serde(rename = "release-scope.item-deferred")]
    ItemDeferred { planned: Planned, item: Name, to: Destination, reason: String },
    #[serde(rename = "evidence.attached")]
    EvidenceAttached { id: EvidenceId, evidence: Box<Attachment> },
    /// Somebody who did not make the release takes on the known errors with which it was sealed.
    #[serde(rename = "release.known-errors-accepted")]
    KnownErrorsAccepted {
        id: ReleaseId,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// What is known of vulnerabilities grew by a batch, which is kept as a blob.
    #[serde(rename = "vulnerabilities.imported")]
    VulnerabilitiesImported {
        source: KnowledgeSource,
        batch: Digest,
        /// Entries of the batch that are new or newer than what was known.
        changed: u64,
        /// Entries of it that were known already.
        unchanged: u64,
    },
    /// What an artifact is known to carry is no longer what it was.
    #[serde(rename = "vulnerabilities.changed")]
    VulnerabilitiesChanged { change: Box<VulnerabilityChange> },
    #[serde(rename = "agent.registered")]
    AgentRegistered { host: Name, address: std::net::IpAddr, labels: BTreeMap<String, String> },
    /// Nothing was heard of the host's agent for [`AGENT_LOST_AFTER`].
    #[serde(rename = "agent.lost")]
    AgentLost { host: Name },
    /// It is heard of again.
    #[serde(rename = "agent.found")]
    AgentFound { host: Name },
    /// An agent found something on its host that no order put there: access past the pipeline.
    #[serde(rename = "stray.found")]
    StrayFound { host: Name, stray: Stray },
    /// It is not there any more.
    #[serde(rename = "stray.gone")]
    StrayGone { host: Name, stray: Stray },
    /// An agent found that an instance which should run does not, or that one is back.
    #[serde(rename = "instance.changed")]
    InstanceChanged { instance: Instance, condition: Condition, detail: String },
    /// The actor tells of an alert, which fires.
    #[serde(rename = "alert.fired")]
    AlertFired {
        id: AlertId,
        alert: Box<Alert>,
        /// What was deployed or declared before it, the likeliest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        suspects: Vec<Suspect>,
    },
    /// It fires no more.
    #[serde(rename = "alert.resolved")]
    AlertResolved { id: AlertId, ended_at: Timestamp },
    /// The actor tells of a change that was made elsewhere, such as one of a feature flag.
    #[serde(rename = "marker.set")]
    MarkerSet { marker: Marker },
    #[serde(rename = "scope.paused")]
    ScopePaused { scope: Scope, reason: String },
    #[serde(rename = "scope.resumed")]
    ScopeResumed { scope: Scope },
    /// Somebody asks to be let through where the calendar is closed.
    #[serde(rename = "exception.requested")]
    ExceptionRequested { id: ExceptionId, exception: Exception },
    /// One of the words that it needs, the actor's.
    #[serde(rename = "exception.approved")]
    ExceptionApproved { id: ExceptionId },
    #[serde(rename = "exception.withdrawn")]
    ExceptionWithdrawn { id: ExceptionId, reason: String },
    /// Somebody asks that a gate lets something through although the evidence says no.
    #[serde(rename = "waiver.requested")]
    WaiverRequested { id: WaiverId, waiver: Waiver },
    /// The actor, another person, takes that on.
    #[serde(rename = "waiver.approved")]
    WaiverApproved { id: WaiverId },
    #[serde(rename = "waiver.withdrawn")]
    WaiverWithdrawn { id: WaiverId, reason: String },
    /// A test that fails now and then is set aside.
    #[serde(rename = "quarantine.begun")]
    QuarantineBegun { id: QuarantineId, quarantine: Quarantine },
    /// Before its time: the test counts again.
    #[serde(rename = "quarantine.ended")]
    QuarantineEnded { id: QuarantineId, reason: String },
    /// The actor signs with this key from now on.
    #[serde(rename = "key.registered")]
    KeyRegistered { key: PersonKey },
    #[serde(rename = "key.revoked")]
    KeyRevoked {
        key: Digest,
        /// From when on it may have been in other hands: what it signed since then falls. Only what it signs from now on
        /// when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The actor lets somebody else speak for them.
    #[serde(rename = "delegation.granted")]
    DelegationGranted {
        to: String,
        until: Timestamp,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    #[serde(rename = "delegation.ended")]
    DelegationEnded { to: String },
    /// The actor asks for a rollout into a protected environment.
    #[serde(rename = "change.opened")]
    ChangeOpened { id: ChangeId, change: Box<Change> },
    #[serde(rename = "approval.given")]
    ApprovalGiven { id: ChangeId, approval: Box<Approval> },
    /// The actor takes their words about the change back.
    #[serde(rename = "approval.withdrawn")]
    ApprovalWithdrawn {
        id: ChangeId,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// What the end of the change's rollout owed.
    #[serde(rename = "review.held")]
    ReviewHeld { id: ChangeId, review: Review },
    #[serde(rename = "action.done")]
    ActionDone {
        id: ChangeId,
        action: Name,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// A condition of a vote is so now.
    #[serde(rename = "change.condition-met")]
    ConditionMet {
        id: ChangeId,
        board: Name,
        /// Of the vote, by its nonce.
        vote: String,
        /// Among the conditions of the vote, from 0.
        condition: u32,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// Nobody has answered for as long as a rule allows before those who are asked are reminded.
    #[serde(rename = "change.reminded")]
    ChangeReminded {
        id: ChangeId,
        /// The rule's name, as the change shows it.
        rule: String,
        due: Timestamp,
    },
    /// Nobody has answered in time: whom the rule, or the board, names beside counts from now on.
    #[serde(rename = "change.escalated")]
    ChangeEscalated { id: ChangeId, rule: String, due: Timestamp },
    /// The review that the change owes, or an action of it, is overdue: people are told, once for each.
    #[serde(rename = "review.overdue")]
    ReviewOverdue {
        id: ChangeId,
        /// The action; the review itself when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<Name>,
        due: Timestamp,
    },
    /// What the gates said that approvals of the change wait for.
    #[serde(rename = "change.gates-noted")]
    GatesNoted { id: ChangeId, decision: Arc<Decision>, result: Digest },
    /// An ITSM tool shows the change as it stands.
    #[serde(rename = "change.mirrored")]
    ChangeMirrored { id: ChangeId, mirrored: Mirrored },
    /// The tool could not be brought up to date; it is tried again.
    #[serde(rename = "change.mirror-failed")]
    MirrorFailed { id: ChangeId, mirror: Name, reason: String },
    /// What an ITSM tool says about the change.
    #[serde(rename = "change.answered")]
    ChangeAnswered { id: ChangeId, answer: itsm::Answer },
    /// A CI system told what it did. It is what the sender says, and no evidence.
    #[serde(rename = "ci.reported")]
    CiReported { webhook: Name, delivery: Delivery },
    /// A CalendarFeed was fetched, and is otherwise than it was: another calendar, a failure, or none any more.
    #[serde(rename = "feed.fetched")]
    FeedFetched {
        feed: Name,
        /// Why it could not be taken; the last calendar stands then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
        /// Events of it that were left out.
        #[serde(default)]
        n_left_out: u32,
    },
    /// A Train left, with what was ready.
    #[serde(rename = "train.departed")]
    TrainDeparted {
        train: Name,
        departure: Timestamp,
        rollouts: Vec<RolloutId>,
        /// Members that stayed behind, and why.
        left: BTreeMap<Name, String>,
    },
    /// A vendor's promise is open that a departure needs, and somebody is told.
    #[serde(rename = "train.endangered")]
    TrainEndangered { train: Name, promise: Name, departure: Timestamp, to: String, reason: String },
    /// A member of a Train goes with another departure than was known before: a vendor's promise or window has moved.
    #[serde(rename = "train.moved")]
    TrainMoved {
        train: Name,
        service: Name,
        from: Timestamp,
        /// Absent where nothing leaves within a year.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
        reason: String,
    },
    /// A Channel has taken what it was to tell: `notice` is the id that the message had.
    #[serde(rename = "channel.told")]
    ChannelTold {
        channel: Name,
        notice: Digest,
        /// The rollout that it tells of, where it tells of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollout: Option<RolloutId>,
        /// Who was called about that rollout: whoever was on call.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        people: BTreeSet<String>,
    },
    /// A message could not be left there. It is tried again, unless `given_up`.
    #[serde(rename = "channel.failed")]
    ChannelFailed {
        channel: Name,
        notice: Digest,
        reason: String,
        given_up: bool,
        /// The rollout that it tells of, where it tells of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollout: Option<RolloutId>,
    },
    /// The actor, who did not write this revision of a Runbook, has read it and takes it to be right.
    #[serde(rename = "runbook.reviewed")]
    RunbookReviewed {
        runbook: Name,
        revision: Digest,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// Something has shown that a revision of a Runbook is out of date: another one is owed by then.
    #[serde(rename = "runbook.outdated")]
    RunbookOutdated { runbook: Name, revision: Digest, reason: String, due: Timestamp },
    #[serde(rename = "rollout.queued")]
    RolloutQueued { id: RolloutId, plan: Arc<Plan>, plan_digest: Digest },
    /// What runs changed while it waited, so it was planned again.
    #[serde(rename = "rollout.replanned")]
    RolloutReplanned { id: RolloutId, plan: Arc<Plan>, plan_digest: Digest },
    #[serde(rename = "rollout.started")]
    RolloutStarted { id: RolloutId },
    #[serde(rename = "rollout.paused")]
    RolloutPaused { id: RolloutId, reason: String },
    #[serde(rename = "rollout.resumed")]
    RolloutResumed { id: RolloutId },
    /// The calendar closed on it; it goes on by itself when the calendar opens.
    #[serde(rename = "rollout.held")]
    RolloutHeld {
        id: RolloutId,
        /// Which rules say no, and why, in sentences.
        reason: String,
        /// When it may go on, as far as is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Timestamp>,
    },
    /// The calendar no longer holds it.
    #[serde(rename = "rollout.freed")]
    RolloutFreed { id: RolloutId },
    /// The line was stopped; a person decides.
    #[serde(rename = "rollout.halted")]
    RolloutHalted { id: RolloutId, step: StepId, reason: String },
    /// It is being taken back.
    #[serde(rename = "rollout.unwinding")]
    RolloutUnwinding { id: RolloutId, cause: Cause },
    /// No step starts any more; it ends when those under way have settled.
    #[serde(rename = "rollout.aborting")]
    RolloutAborting { id: RolloutId, reason: String },
    /// Somebody wrote down what they saw, did or decided, for everybody who follows it.
    #[serde(rename = "rollout.noted")]
    RolloutNoted { id: RolloutId, note: String },
    /// Who decides about it from now on, where several could.
    #[serde(rename = "rollout.decider-named")]
    DeciderNamed { id: RolloutId, decider: String },
    #[serde(rename = "rollout.ended")]
    RolloutEnded { id: RolloutId, end: End },
    #[serde(rename = "step.started")]
    StepStarted {
        id: RolloutId,
        step: StepId,
        direction: Direction,
        attempt: u32,
        /** Of a route, the fence. */
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route_revision: Option<u64>,
    },
    #[serde(rename = "step.ended")]
    StepEnded { id: RolloutId, step: StepId, direction: Direction, attempt: u32, outcome: Outcome },
    /// Another attempt follows at `at`.
    #[serde(rename = "step.retried")]
    StepRetried { id: RolloutId, step: StepId, direction: Direction, not_before: Timestamp },
    /// Failed for good, within what the strategy tolerates.
    #[serde(rename = "step.tolerated")]
    StepTolerated { id: RolloutId, step: StepId },
    /// Not done because a step that it needs was tolerated as failed, or there was nothing to do.
    #[serde(rename = "step.skipped")]
    StepSkipped { id: RolloutId, step: StepId, direction: Direction, reason: String },
    #[serde(rename = "step.approved")]
    StepApproved {
        id: RolloutId,
        step: StepId,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// What a gate step was decided on has changed, so its gates are asked again; what comes after it waits.
    #[serde(rename = "step.reopened")]
    StepReopened { id: RolloutId, step: StepId, reason: String },
    /// What the gates said. Anyone can compute it again from the policies and the facts.
    #[serde(rename = "gate.decided")]
    GateDecided {
        id: RolloutId,
        step: StepId,
        attempt: u32,
        decision_id: DecisionId,
        decision: Arc<Decision>,
        /// Of what was said: [`Decision::result`].
        result: Digest,
    },
    /// What the judge saw and said on the way.
    #[serde(rename = "step.observed")]
    StepObserved { id: RolloutId, step: StepId, block: Box<Block>, verdict: Box<Verdict> },
    /// A silence of the step's ended; what it kept quiet is told.
    #[serde(rename = "step.silenced")]
    StepSilenced { id: RolloutId, step: StepId, silenced: Silenced },
}

/// Whose knowledge of vulnerabilities it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KnowledgeSource {
    /// Entries of an OSV database.
    Osv,
    /// Exploit predictions (FIRST's EPSS).
    Epss,
    /// The catalogue of what is known to be exploited (CISA's KEV).
    Kev,
}

/// What an artifact is newly known to carry, or not to carry, and whom that concerns at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VulnerabilityChange {
    pub artifact: Digest,
    pub service: Name,
    pub version: crate::Version,
    /// What it was decided from.
    pub evidence: EvidenceId,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub found: BTreeSet<String>,
    /// No longer: withdrawn, or corrected.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gone: BTreeSet<String>,
    /// Components of which nobody can say whether they are affected: of a kind, or with a version, that is not compared.
    #[serde(default)]
    pub unjudged: u64,
    /// The team that owns the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
    /// Where the artifact runs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// Waivers in force that speak of any that was found.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub waivers: BTreeSet<WaiverId>,
}

/// A text beside the ledger, by the record that holds its commitment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextRef {
    pub position: u64,
    /// Where the commitment stands in the record's JSON (RFC 6901).
    pub pointer: String,
}

/// The events `from..to` of an archive, whose table and bundles are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrunedTable {
    pub from: u64,
    pub to: u64,
    /// Of the table's bytes.
    pub digest: Digest,
    /// When the last of the events was recorded.
    pub newest: Timestamp,
}

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Registers artifacts and seals releases, for CI.
    Builder,
    /// Ships, pauses and takes back.
    Operator,
    /// Declares resources and issues tokens too.
    Admin,
    /// One host's agent: the token's name is the host's.
    Agent,
    /// Reads, and says yes or no to what others ask for.
    Approver,
    /// Reads everything, tokens and accounts too.
    Auditor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    Healthy,
    Unhealthy,
    /// It ended by itself and is started again with a growing delay.
    Crashed,
}

/// What a pause covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    Everything,
    Environment(Name),
    Service(Name),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Service(name) => write!(f, "service {name}"),
        }
    }
}

/// How long an agent that was not heard of counts as connected.
pub const AGENT_SILENCE_MAX: Millis = Millis::from_secs(15);
/// How long an agent must not be heard of to be lost, with its target: long enough for it to be started anew.
pub const AGENT_LOST_AFTER: Millis = Millis::from_secs(60);
