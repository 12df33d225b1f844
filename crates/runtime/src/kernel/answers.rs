//! Idempotency: which keyed commands were answered, and with which events.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use shipway_engine::Command;
use shipway_model::{
    AccountId, AlertId, Digest, EvidenceId, ExceptionId, GrantId, LateId, QuarantineId, ReleaseId, RolloutId,
    TokenId, WaiverId,
};

use crate::store::StoredAnswer;

/// Answers kept in memory; older ones are looked up in the store.
const RECENT_MAX: usize = 4096;
/// How long answers are kept at least. A repeat after that is a new command.
const RETENTION: SignedDuration = SignedDuration::from_hours(24);
/// How often old answers are dropped.
const FORGET_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Not durable yet.
    pending: HashMap<String, StoredAnswer>,
    /// The newest that are durable.
    recent: HashMap<String, StoredAnswer>,
    order: VecDeque<String>,
    forgotten_at: Option<Timestamp>,
}

impl Answers {
    pub(super) fn get(&self, key: &str) -> Option<StoredAnswer> {
        self.pending.get(key).or_else(|| self.recent.get(key)).copied()
    }

    pub(super) fn add(&mut self, key: &str, answer: StoredAnswer) {
        self.pending.insert(key.to_owned(), answer);
    }

    /// These have become durable.
    pub(super) fn settle(&mut self, answers: &[(String, StoredAnswer)]) {
        for (key, answer) in answers {
            self.pending.remove(key);
            if self.recent.insert(key.clone(), *answer).is_none() {
                self.order.push_back(key.clone());
            }
            if self.order.len() > RECENT_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.recent.remove(&oldest);
            }
        }
    }

    /// Nothing of what is pending will become durable.
    pub(super) fn abandon(&mut self) {
        self.pending.clear();
    }

    /// Before when answers are to be dropped now, if it is time for that again.
    pub(super) fn forget_before(&mut self, now: Timestamp) -> Option<Timestamp> {
        let due = self.forgotten_at.is_none_or(|at| now.duration_since(at) >= FORGET_INTERVAL);
        if due {
            self.forgotten_at = Some(now);
        }
        due.then(|| now.checked_sub(RETENTION).ok()).flatten()
    }
}

/// Keys are each actor's own: nobody can take another's.
pub(super) fn scoped_key(actor: &str, key: &str) -> String {
    format!("{actor}\n{key}")
}

/// What was asked. Ids and secrets that are drawn anew for each request are left out: a repeat is to be answered
/// with those of the first time.
pub(super) fn request_digest(actor: &str, command: &Command) -> Digest {
    #[derive(Serialize)]
    struct Request<'a> {
        actor: &'a str,
        #[serde(flatten)]
        command: &'a Command,
    }
    let text = serde_json::to_vec(&Request { actor, command: &without_drawn(command) });
    Digest::of(&text.expect("commands have string keys and write to memory"))
}

fn without_drawn(command: &Command) -> Command {
    let mut command = command.clone();
    let nil = uuid::Uuid::nil();
    match &mut command {
        Command::CreateRelease { id, .. } => *id = ReleaseId::from_uuid(nil),
        Command::RequestException { id, .. } => *id = ExceptionId::from_uuid(nil),
        Command::RequestLate { id, .. } => *id = LateId::from_uuid(nil),
        Command::RequestWaiver { id, .. } => *id = WaiverId::from_uuid(nil),
        Command::BeginQuarantine { id, .. } => *id = QuarantineId::from_uuid(nil),
        Command::AttachEvidence { id, .. } | Command::NoteVulnerabilities { id, .. } => {
            *id = EvidenceId::from_uuid(nil)
        }
        Command::StartRollout { id, .. } | Command::StartHotfix { id, .. } | Command::FallBack { id, .. } => {
            *id = RolloutId::from_uuid(nil)
        }
        Command::AddAccount { id, .. } => *id = AccountId::from_uuid(nil),
        Command::RequestGrant { id, .. } => *id = GrantId::from_uuid(nil),
        Command::IssueToken { id, secret_digest, .. } => {
            *id = TokenId::from_uuid(nil);
            *secret_digest = Digest::of(b"");
        }
        Command::ReceiveAlerts { notices } => {
            notices.iter_mut().for_each(|it| it.id = AlertId::from_uuid(nil));
        }
        // Which texts there are is found out anew for each request; the first one has erased them.
        Command::EraseTexts { texts, .. } => texts.clear(),
        Command::DepartTrain { ids, .. } => ids.clear(),
        Command::PlaceHold { .. }
        | Command::PruneArchive { .. }
        | Command::RecordFeed { .. }
        | Command::WarnOfPromises {}
        | Command::NoteMirrored { .. }
        | Command::NoteMirrorFailure { .. }
        | Command::NoteTold { .. }
        | Command::NoteUntold { .. }
        | Command::NoteLibraryUses { .. }
        | Command::HearAnswer { .. }
        | Command::HearCi { .. }
        | Command::ReleaseHold { .. }
        | Command::ApplyResources { .. }
        | Command::RegisterArtifact { .. }
        | Command::ImportVulnerabilities { .. }
        | Command::AcceptKnownErrors { .. }
        | Command::SealRelease { .. }
        | Command::NoteRollout { .. }
        | Command::SetMarker { .. }
        | Command::NameDecider { .. }
        | Command::PauseRollout { .. }
        | Command::ResumeRollout { .. }
        | Command::AbortRollout { .. }
        | Command::RollBack { .. }
        | Command::Retry { .. }
        | Command::ApproveStep { .. }
        | Command::PauseScope { .. }
        | Command::ResumeScope { .. }
        | Command::RegisterKey { .. }
        | Command::RevokeKey { .. }
        | Command::GrantDelegation { .. }
        | Command::EndDelegation { .. }
        | Command::GiveApproval { .. }
        | Command::WithdrawApproval { .. }
        | Command::HoldReview { .. }
        | Command::FinishAction { .. }
        | Command::ReviewRunbook { .. }
        | Command::OutdateRunbook { .. }
        | Command::MeetCondition { .. }
        | Command::NoteGates { .. }
        | Command::FreezeScope { .. }
        | Command::AddItem { .. }
        | Command::ApproveLate { .. }
        | Command::DeferItem { .. }
        | Command::RecordSources { .. }
        | Command::RecordMergeBack { .. }
        | Command::RegisterAgent { .. }
        | Command::ReportInstance { .. }
        | Command::ReportAgentLost { .. }
        | Command::ReportAgentFound { .. }
        | Command::ReportStrays { .. }
        | Command::NoteSilence { .. }
        | Command::Report { .. }
        | Command::Observe { .. }
        | Command::ApproveException { .. }
        | Command::WithdrawException { .. }
        | Command::ApproveWaiver { .. }
        | Command::WithdrawWaiver { .. }
        | Command::EndQuarantine { .. }
        | Command::Decide { .. }
        | Command::ReopenGates { .. }
        | Command::RevokeToken { .. }
        | Command::SetPassword { .. }
        | Command::DisableAccount { .. }
        | Command::EnableAccount { .. }
        | Command::ApproveGrant { .. }
        | Command::EndGrant { .. }
        | Command::UseGrant { .. }
        | Command::RecordRefusal { .. }
        | Command::RecordCommits { .. } => {}
    }
    command
}
