//! Gates that words wait for: asked before a word is given, and noted with its change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_engine::change::gates;
use shipway_engine::gate::{self, Outline};
use shipway_engine::{Command, State};
use shipway_model::event::CONTROL_PLANE;
use shipway_model::resource::Policy;
use shipway_model::{ChangeId, Digest, Name};
use shipway_runtime::Submission;

use super::{Tools, instant, policies};
use crate::app::App;
use crate::problem::Failure;

/// What gates are to be asked about.
struct Question {
    outline: Outline,
    digests: BTreeMap<Name, Digest>,
    policies: BTreeMap<Name, Policy>,
    /// Whom they want to be asked.
    tools: Tools,
}

/// Asks the gates of the change's environment, if some word for it waits for them, and records what they say. Whoever gives
/// a word calls this first.
///
/// # Errors
/// When they cannot be asked, or what they say cannot be recorded.
pub(crate) async fn note(app: &App, id: ChangeId) -> Result<(), Failure> {
    let at = instant(app.runtime.clock().now());
    let question = question(&app.runtime.state(), id, at)?;
    let Some(Question { mut outline, digests, policies, tools }) = question else { return Ok(()) };
    app.gates.look_up(&mut outline, tools).await;
    let decision = app.gates.decide(&outline, &digests, policies).await?;
    let command = Command::NoteGates { id, decision };
    let actor = CONTROL_PLANE.to_owned();
    app.runtime.submit(Submission { actor, key: None, command, generation: None }).await?;
    Ok(())
}

/// None where nothing waits for gates, or nothing is known of the change: whoever gives the word is told then.
fn question(state: &State, id: ChangeId, at: Timestamp) -> Result<Option<Question>, Failure> {
    let Some(case) = state.changes.get(id).filter(|it| gates::are_asked(state, it)) else { return Ok(None) };
    let rollout = state.rollouts.live.get(&case.change.rollout).filter(|it| it.started.is_none());
    let Some(rollout) = rollout else { return Ok(None) };
    let environment = &rollout.plan.environment;
    let digests = gate::policies(state, environment)?;
    if digests.is_empty() {
        return Ok(None);
    }
    let outline = gate::outline(state, rollout.plan.release.id, environment, at)?;
    let policies = policies(state, &digests);
    let tools = Tools::of(state, &policies, environment);
    Ok(Some(Question { outline, digests, policies, tools }))
}
