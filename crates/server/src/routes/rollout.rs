//! Rollouts.

use shipway_api::operations::rollout::{
    AbortRollout, ApproveStep, FollowRollout, ListRollouts, NameDecider, NoteRollout, PauseRollout,
    ReadStepLog, ResumeRollout, RetryRollout, RollBack, ShowAnalysis, ShowRollout, StartRollout,
};
use shipway_api::view::RolloutView;
use shipway_api::{Code, Operation};
use shipway_engine::{Command, State};
use shipway_model::RolloutId;
use shipway_runtime::{Condition, Past, SubmitError};

use crate::app::App;
use crate::etag;
use crate::incoming::Incoming;
use crate::payload::Receive;
use crate::problem::Failure;
use crate::router::Routes;
use crate::{recall, views};

mod abort;
mod analysis;
mod approve;
mod follow;
mod list;
mod name_decider;
mod note;
mod pause;
pub(crate) mod read_log;
mod resume;
mod retry;
mod roll_back;
mod show;
mod start;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<StartRollout, _, _>(start::handle)
        .add::<ListRollouts, _, _>(list::handle)
        .add::<ShowRollout, _, _>(show::handle)
        .add::<ShowAnalysis, _, _>(analysis::handle)
        .add::<PauseRollout, _, _>(pause::handle)
        .add::<ResumeRollout, _, _>(resume::handle)
        .add::<AbortRollout, _, _>(abort::handle)
        .add::<RollBack, _, _>(roll_back::handle)
        .add::<RetryRollout, _, _>(retry::handle)
        .add::<ApproveStep, _, _>(approve::handle)
        .add::<NoteRollout, _, _>(note::handle)
        .add::<NameDecider, _, _>(name_decider::handle)
        .add::<ReadStepLog, _, _>(read_log::handle)
        .add::<FollowRollout, _, _>(follow::handle)
}

/// The rollout as it stands, or stood then, also when the state has let go of it.
pub(crate) async fn shown(app: &App, past: Option<&Past>, id: RolloutId) -> Result<RolloutView, Failure> {
    {
        let state = app.state(past);
        if let Some(rollout) = state.rollouts.live.get(&id) {
            return Ok(views::rollout::view(&state, rollout));
        }
        check_known(&state, id)?;
    }
    let size = past.map_or(u64::MAX, Past::size);
    let rollout = recall::rollout(&app.runtime, id, size).await?.ok_or_else(|| unknown(id))?;
    Ok(views::rollout::view(&app.state(past), &rollout))
}

fn check_known(state: &State, id: RolloutId) -> Result<(), Failure> {
    if state.rollouts.summaries.contains_key(&id) { Ok(()) } else { Err(unknown(id)) }
}

fn unknown(id: RolloutId) -> Failure {
    Failure::new(Code::UnknownRollout, format!("there is no rollout {id}"))
        .hint("`shipway rollout list` shows those there are")
}

/// Gives the command, if the rollout is still as the caller means it, and shows what came of it.
async fn act<O: Operation>(it: &Incoming<O>, id: RolloutId, command: Command) -> Result<RolloutView, Failure>
where
    O::Body: Receive,
{
    let Some(meant) = &it.meant else {
        it.submit(command).await?;
        return shown(&it.app, None, id).await;
    };
    let condition = is_as_meant(&it.app, id, meant.clone()).await?;
    let changed = |error| match error {
        SubmitError::Changed => {
            let detail = format!("rollout {id} is no longer as it was with {meant}");
            Failure::new(Code::PreconditionFailed, detail).hint("read it again, then decide again")
        }
        error => error.into(),
    };
    it.submit_if(command, condition).await.map_err(changed)?;
    shown(&it.app, None, id).await
}

/// That the rollout is shown under the tag `meant`. One that the state has let go of does not change any more.
async fn is_as_meant(app: &App, id: RolloutId, meant: String) -> Result<Condition, Failure> {
    let tag = |view: &RolloutView| etag::of(&serde_json::to_vec(view).expect("views have string keys"));
    let is_now = tag(&shown(app, None, id).await?) == meant;
    Ok(Box::new(move |state| match state.rollouts.live.get(&id) {
        Some(rollout) => tag(&views::rollout::view(state, rollout)) == meant,
        None => is_now,
    }))
}
