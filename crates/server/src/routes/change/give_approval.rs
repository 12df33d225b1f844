//! Giving a signed word. Where a rule waits for gates, they are asked first, and what they say is noted with the change.

use shipway_api::operations::change::GiveApproval;
use shipway_engine::change::gates;
use shipway_engine::gate;
use shipway_engine::{Command, State};
use shipway_model::event::CONTROL_PLANE;
use shipway_model::{ChangeId, Digest, Name};
use shipway_runtime::Submission;
use std::collections::BTreeMap;

use crate::app::App;
use crate::gates::{instant, policies};
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::views;

pub(super) async fn handle(it: Incoming<GiveApproval>) -> Outcome<GiveApproval> {
    let id = it.path.change;
    note_gates(&it.app, id).await?;
    it.submit(Command::GiveApproval { id, approval: it.body.clone() }).await?;
    let state = it.app.runtime.state();
    views::change::view(&state, super::find(&state, id)?, it.now()).ok_or_else(|| super::forgotten(id))
}

/// What gates are to be asked about.
struct Question {
    outline: gate::Outline,
    digests: BTreeMap<Name, Digest>,
    policies: BTreeMap<Name, shipway_model::resource::Policy>,
}

/// Asks the gates of the change's environment, if some word for it waits for them.
///
/// # Errors
/// When they cannot be asked, or what they say cannot be recorded.
pub(crate) async fn note_gates(app: &App, id: ChangeId) -> Result<(), Failure> {
    let at = instant(app.runtime.clock().now());
    let question = question(&app.runtime.state(), id, at)?;
    let Some(Question { outline, digests, policies }) = question else { return Ok(()) };
    let decision = app.gates.decide(&outline, &digests, policies).await?;
    let command = Command::NoteGates { id, decision };
    let actor = CONTROL_PLANE.to_owned();
    app.runtime.submit(Submission { actor, key: None, command, generation: None }).await?;
    Ok(())
}

fn question(state: &State, id: ChangeId, at: jiff::Timestamp) -> Result<Option<Question>, Failure> {
    let case = super::find(state, id)?;
    let rollout = state.rollouts.live.get(&case.change.rollout).filter(|it| it.started.is_none());
    let Some(rollout) = rollout.filter(|_| gates::are_asked(state, case)) else { return Ok(None) };
    let environment = &rollout.plan.environment;
    let outline = gate::outline(state, rollout.plan.release.id, environment, at)?;
    let digests = gate::policies(state, environment)?;
    if digests.is_empty() {
        return Ok(None);
    }
    let policies = policies(state, &digests);
    Ok(Some(Question { outline, digests, policies }))
}
