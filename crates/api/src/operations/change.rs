//! Changes: what is asked about them, the words that people give, and the reviews that they owe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::approval::{Approval, Decision, Statement, Window};
use shipway_model::change::{Emergency, Risk};
use shipway_model::review::Review;
use shipway_model::{ChangeId, Digest, Name};

use super::operations;
use super::plan::{PlanRequest, PlanView};
use super::rollout::NewRollout;
use crate::page::Page;
use crate::payload::Json;
use crate::view::change::{ChangeView, ReviewView};
use crate::view::risk::RiskOutcome;
use crate::view::rollout::RolloutView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangePath {
    pub change: ChangeId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionPath {
    pub change: ChangeId,
    pub action: Name,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// True leaves out those that are closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What somebody is about to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    pub decision: Decision,
    /// Of the key that will sign.
    pub key: Digest,
    pub expires: jiff::Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Of a vote, the Board whose member speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Name>,
    /// Of a vote for the change, what has to be so before it carries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub conditions: Vec<String>,
}

/// What to sign: the statement's canonical JSON is `text`, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    pub statement: Statement,
    pub text: String,
    /// For a passkey: the SHA-256 of the text in base64url, to be given to `navigator.credentials.get`.
    pub challenge: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeBack {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DoneNote {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewHotfix {
    pub rollout: NewRollout,
    pub emergency: Emergency,
}

/// Outcomes since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutcomesQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<jiff::Timestamp>,
}

operations! {
    /// List what came of changes whose risk was assessed, the earliest end first.
    ListRiskOutcomes "listRiskOutcomes": Get "/api/v1/risk/outcomes", Viewer {
        query: OutcomesQuery,
        answer: Json<Page<RiskOutcome>>,
    }

    /// List changes, the newest first.
    ListChanges "listChanges": Get "/api/v1/changes", Viewer {
        query: ChangeQuery,
        answer: Json<Page<ChangeView>>,
    }

    /// Show a change, and whose word it needs.
    ShowChange "showChange": Get "/api/v1/changes/{change}", Viewer {
        path: ChangePath,
        answer: Json<ChangeView>,
        errors: [UnknownChange],
    }

    /// Show the plan that a change carries out.
    ShowChangePlan "showChangePlan": Get "/api/v1/changes/{change}/plan", Viewer {
        path: ChangePath,
        answer: Json<PlanView>,
        errors: [UnknownChange, WrongPhase],
    }

    /// Put together what a person has to sign. Nothing is kept.
    DraftApproval "draftApproval": Post "/api/v1/changes/{change}/draft", Viewer {
        path: ChangePath,
        body: Json<Intent>,
        answer: Json<Draft>,
        errors: [UnknownChange, WrongPhase],
    }

    /// Give a signed word about a change.
    GiveApproval "giveApproval": Post "/api/v1/changes/{change}/approvals", Approver {
        path: ChangePath,
        body: Json<Approval>,
        answer: Json<ChangeView>,
        status: 201,
        errors: [
            UnknownChange, SelfApproval, NotAsked, GatesFirst, WordVoid, InvalidSignature, WrongPhase, InvalidReason,
        ],
    }

    /// Take one's own words about a change back.
    WithdrawApproval "withdrawApproval": Post "/api/v1/changes/{change}/withdraw", Approver {
        path: ChangePath,
        body: Json<TakeBack>,
        answer: Json<ChangeView>,
        errors: [UnknownChange, InvalidReason],
    }

    /// Ship an emergency: it needs a reason, minutes to live and a second person, and owes a review.
    StartHotfix "startHotfix": Post "/api/v1/hotfixes", Operator {
        body: Json<NewHotfix>,
        answer: Json<RolloutView>,
        status: 201,
        errors: [
            UnknownRelease, UnknownEnvironment, ReleaseNotSealed, NotPromoted, NoTargets, Unplannable,
            BreaksZeroDowntime, PlanChanged, OutsideWindow, InvalidChange, InvalidReason,
        ],
    }

    /// Say how risky shipping a release would be, and why.
    AssessRisk "assessRisk": Post "/api/v1/risk", Viewer {
        body: Json<PlanRequest>,
        answer: Json<Risk>,
        as_of: true,
        errors: [
            UnknownRelease, UnknownEnvironment, ReleaseNotSealed, NotPromoted, NoTargets, Unplannable,
            BreaksZeroDowntime,
        ],
    }

    /// List reviews: those that are owed, and those that were held.
    ListReviews "listReviews": Get "/api/v1/reviews", Viewer {
        answer: Json<Page<ReviewView>>,
    }

    /// Record the review that a change owes.
    HoldReview "holdReview": Post "/api/v1/changes/{change}/review", Approver {
        path: ChangePath,
        body: Json<Review>,
        answer: Json<ReviewView>,
        status: 201,
        errors: [UnknownChange, WrongPhase, InvalidReview, InvalidReason],
    }

    /// Say that an action of a review is done.
    FinishAction "finishAction": Post "/api/v1/changes/{change}/actions/{action}/done", Approver {
        path: ActionPath,
        body: Json<DoneNote>,
        answer: Json<ReviewView>,
        errors: [UnknownChange, InvalidReview, InvalidReason],
    }
}
