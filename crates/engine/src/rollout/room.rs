//! What people write down about a rollout while it moves, and who of them decides.

use shipway_model::RolloutId;
use shipway_model::event::Body;

use crate::{Code, Rejection, State};

/// Notes that one rollout holds: enough for a long night, and few enough to be read.
const NOTES_MAX: usize = 500;

/// Also after its end, as long as it is at hand: what is understood late belongs to it too.
pub(crate) fn note(state: &State, id: RolloutId, note: &str) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    if note.trim().is_empty() {
        return Err(Rejection::new(Code::InvalidReason, "a note without words says nothing"));
    }
    if rollout.notes.len() >= NOTES_MAX {
        return Err(Rejection::new(
            Code::InvalidReason,
            format!("rollout {id} has {NOTES_MAX} notes already, which is all that it holds"),
        )
        .hint("what was learnt belongs into its review: `shipway review hold`"));
    }
    Ok(vec![Body::RolloutNoted { id, note: note.to_owned() }])
}

/// Nobody else is kept from deciding by that: a name is there so that all know whom to ask, and the ledger shows who
/// decided in the end.
pub(crate) fn name_decider(state: &State, id: RolloutId, decider: &str) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    let decider = decider.trim();
    if decider.is_empty() {
        return Err(Rejection::new(Code::InvalidReason, "nobody is named as the one who decides"));
    }
    if rollout.decider.as_deref() == Some(decider) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::DeciderNamed { id, decider: decider.to_owned() }])
}
