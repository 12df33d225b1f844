//! Boards: how far each is with a change, what it has to look at, and its minutes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::approval::Decision;
use shipway_model::release::{Class, ReleaseRef};
use shipway_model::{ChangeId, Name, Share};

/// How far a board is with a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TallyView {
    pub board: Name,
    /// Different people who sit on it.
    pub members: u32,
    /// The share of the members that has to vote.
    pub quorum: Share,
    /// The share of the votes for and against that has to be for.
    pub threshold: Share,
    pub votes_for: u32,
    pub votes_against: u32,
    pub abstained: u32,
    /// `no quorum`, `voted down`, `lacks material`, `on conditions` or `approved`.
    pub decided: String,
    /// Whether the change may go as far as this board, or one to which it was escalated, is concerned.
    pub carried: bool,
    /// The votes that count, in the order in which they were given.
    pub votes: Vec<VoteView>,
    /// What is not on the table yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<LackView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionView>,
    /// Who has not voted and may.
    pub can: BTreeSet<String>,
    /// When it is escalated, if it is not decided before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates: Option<Timestamp>,
    /// The board that decides beside it since it was escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Box<TallyView>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoteView {
    pub by: String,
    pub at: Timestamp,
    pub decision: Decision,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LackView {
    /// For people, for example `the runbook`.
    pub what: String,
    /// Who can supply it.
    pub who: BTreeSet<String>,
    /// The command that supplies it.
    pub next: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionView {
    /// The vote that makes it, by its nonce.
    pub vote: String,
    /// Among the conditions of the vote, from 0.
    pub condition: u32,
    pub by: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_by: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What was followed, bypassed and let through by exception, in sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    pub followed: Vec<String>,
    pub bypassed: Vec<String>,
    pub excepted: Vec<String>,
}

/// A change on the agenda of a board: the riskiest first, and of the same risk what was asked for first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgendaItem {
    pub change: ChangeId,
    pub release: ReleaseRef,
    pub environment: Name,
    pub class: Class,
    /// Points of the risk score.
    pub risk: u32,
    pub requested_by: String,
    pub opened: Timestamp,
    pub tally: TallyView,
    pub record: RecordView,
}

/// One meeting of a board. Nothing waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeetingView {
    pub board: Name,
    pub at: Timestamp,
    /// Where, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Different people who sit on the board.
    pub members: u32,
    /// Those whose working hours it is in and who are not away by any calendar.
    pub there: BTreeSet<String>,
    /// Whether so many of them are a quorum.
    pub quorate: bool,
    /// What waits for the board and comes up then: everything, at the first meeting with a quorum.
    pub changes: Vec<ChangeId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MinutesView {
    pub board: Name,
    pub from: Timestamp,
    /// No longer a part of it.
    pub until: Timestamp,
    /// In the order in which they were first voted on.
    pub points: Vec<MinutedView>,
    /// The minutes as people file them, in Markdown.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MinutedView {
    pub change: ChangeId,
    pub release: ReleaseRef,
    pub environment: Name,
    /// Also those that no longer count.
    pub votes: Vec<VoteView>,
    /// Absent once later rollouts have followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<TallyView>,
    pub record: RecordView,
}
