//! Review boards: agendas, conditions and minutes. Votes are given as approvals that name the board.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;

use super::change::ChangePath;
use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::board::{AgendaItem, MeetingView, MinutesView};
use crate::view::change::ChangeView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoardPath {
    pub board: Name,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgendaQuery {
    /// Only what this board has to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Name>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MinutesQuery {
    /// The last four weeks when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// No longer a part of it; until now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetCondition {
    pub board: Name,
    /// The vote that makes the condition, by its nonce.
    #[schemars(length(min = 16, max = 64))]
    pub vote: String,
    /// Among the conditions of the vote, from 0.
    pub condition: u32,
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub note: String,
}

operations! {
    /// List what boards have to look at: the riskiest first, and of the same risk what was asked for first.
    ListAgenda "listAgenda": Get "/api/v1/agenda", Viewer {
        query: AgendaQuery,
        answer: Json<Page<AgendaItem>>,
    }

    /// List the next meetings of boards: who is there, whether that is a quorum, and what comes up.
    ListMeetings "listMeetings": Get "/api/v1/meetings", Viewer {
        query: AgendaQuery,
        answer: Json<Page<MeetingView>>,
    }

    /// Write the minutes of a board over a stretch of time, from the votes in the ledger.
    ShowMinutes "showMinutes": Get "/api/v1/boards/{board}/minutes", Viewer {
        path: BoardPath,
        query: MinutesQuery,
        answer: Json<MinutesView>,
        errors: [UnknownResource],
    }

    /// Say that a condition of a vote is so; not by anybody whose own work it is about.
    MeetCondition "meetCondition": Post "/api/v1/changes/{change}/conditions", Approver {
        path: ChangePath,
        body: Json<MetCondition>,
        answer: Json<ChangeView>,
        errors: [UnknownChange, InvalidChange, SelfApproval, NotAsked, InvalidReason],
    }
}
