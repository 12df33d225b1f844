//! Changes, the words that people give about them, and the reviews that they owe.

use shipway_api::Code;
use shipway_api::operations::change::{
    AssessRisk, DraftApproval, FinishAction, GiveApproval, HoldReview, ListChanges, ListReviews,
    ListRiskOutcomes, ShowChange, ShowChangePlan, StartHotfix, WithdrawApproval,
};
use shipway_engine::{Case, State};
use shipway_model::ChangeId;

use crate::problem::Failure;
use crate::router::Routes;

mod assess_risk;
mod draft_approval;
mod finish_action;
mod give_approval;
mod hold_review;
mod list;
mod list_reviews;
mod list_risk_outcomes;
mod plan;
mod show;
mod start_hotfix;
mod withdraw_approval;

pub(crate) use draft_approval::draft;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListChanges, _, _>(list::handle)
        .add::<ShowChange, _, _>(show::handle)
        .add::<ShowChangePlan, _, _>(plan::handle)
        .add::<DraftApproval, _, _>(draft_approval::handle)
        .add::<GiveApproval, _, _>(give_approval::handle)
        .add::<WithdrawApproval, _, _>(withdraw_approval::handle)
        .add::<StartHotfix, _, _>(start_hotfix::handle)
        .add::<AssessRisk, _, _>(assess_risk::handle)
        .add::<ListRiskOutcomes, _, _>(list_risk_outcomes::handle)
        .add::<ListReviews, _, _>(list_reviews::handle)
        .add::<HoldReview, _, _>(hold_review::handle)
        .add::<FinishAction, _, _>(finish_action::handle)
}

pub(super) fn find(state: &State, id: ChangeId) -> Result<&Case, Failure> {
    state.changes.get(id).ok_or_else(|| {
        Failure::new(Code::UnknownChange, format!("there is no change {id}"))
            .hint("`shipway change list` shows those there are")
    })
}

/// Its rollout was followed by others, so its plan is no longer at hand.
pub(super) fn forgotten(id: ChangeId) -> Failure {
    let message = format!("the rollout of {id} has ended, and later ones followed it");
    Failure::new(Code::WrongPhase, message).hint("its events are in `shipway ledger follow`")
}
