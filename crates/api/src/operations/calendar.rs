//! Exceptions from the calendar, and the feed that calendar programs read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::exception::Exception;
use shipway_model::{ExceptionId, Name};

use super::operations;
use crate::page::Page;
use crate::payload::{ICalendar, Json};
use crate::view::calendar::CalendarFeedView;
use crate::view::exception::ExceptionView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionPath {
    pub exception: ExceptionId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawRequest {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

/// What a feed is narrowed to; everything when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// In place of the header, for calendar programs that can send none: a token that is good for this operation alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

operations! {
    /// Ask to be let through where the calendar is closed.
    RequestException "requestException": Post "/api/v1/exceptions", Operator {
        body: Json<Exception>,
        answer: Json<ExceptionView>,
        status: 201,
        errors: [InvalidException, InvalidReason],
    }

    /// List exceptions, the newest first.
    ListExceptions "listExceptions": Get "/api/v1/exceptions", Viewer {
        answer: Json<Page<ExceptionView>>,
    }

    /// Say yes to an exception that somebody else asked for.
    ApproveException "approveException": Post "/api/v1/exceptions/{exception}/approve", Approver {
        path: ExceptionPath,
        answer: Json<ExceptionView>,
        errors: [UnknownException, SelfApproval, WrongPhase],
    }

    /// Take an exception back.
    WithdrawException "withdrawException": Post "/api/v1/exceptions/{exception}/withdraw", Operator {
        path: ExceptionPath,
        body: Json<WithdrawRequest>,
        answer: Json<ExceptionView>,
        errors: [UnknownException, InvalidReason],
    }

    /// Read the calendar of a team, a service or an environment as calendar programs do.
    ReadCalendar "readCalendar": Get "/api/v1/calendars/releases.ics", Viewer {
        query: FeedQuery,
        answer: ICalendar,
    }

    /// List calendars that are fetched from elsewhere, and how that goes.
    ListCalendarFeeds "listCalendarFeeds": Get "/api/v1/calendar-feeds", Viewer {
        answer: Json<Page<CalendarFeedView>>,
    }
}
