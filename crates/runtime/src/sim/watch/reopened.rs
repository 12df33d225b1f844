//! Gates that were asked again: what waits behind them may not begin until they have answered.
//!
//! This goes by the words of the ledger alone, and not by what the engine makes of them.

use std::collections::BTreeSet;

use shipway_engine::{Progress, State, rollout};
use shipway_model::RolloutId;
use shipway_model::effect::Direction;
use shipway_model::event::{Body, Event};
use shipway_model::plan::{Action, StepId};

use super::step::gates_before;
use super::{Breach, Invariant};

/// The steps whose gates were asked again, and have not said yes since.
#[derive(Default)]
pub(in crate::sim) struct Reopened {
    steps: BTreeSet<(RolloutId, StepId)>,
    /// How often one had passed before.
    pub(in crate::sim) n_closed: u64,
}

impl Reopened {
    /// Takes note of an event that comes on top of `state`.
    ///
    /// # Errors
    /// When it begins something behind gates that have not answered.
    pub(in crate::sim) fn see(&mut self, state: &State, event: &Event) -> Result<(), Breach> {
        match &event.body {
            Body::StepReopened { id, step, .. } => {
                self.steps.insert((*id, *step));
                let known = state.rollouts.live.get(id).and_then(|it| it.step(*step));
                self.n_closed += u64::from(known.is_some_and(|it| it.forward == Progress::Succeeded));
            }
            Body::GateDecided { id, step, decision, .. } if decision.passes => {
                self.steps.remove(&(*id, *step));
            }
            // The rollout goes on without their answer, as its strategy says.
            Body::StepTolerated { id, step } | Body::StepSkipped { id, step, .. } => {
                self.steps.remove(&(*id, *step));
            }
            Body::RolloutEnded { id, .. } => self.steps.retain(|it| it.0 != *id),
            Body::StepStarted { id, step, direction: Direction::Do, .. } => {
                return self.check(state, *id, *step);
            }
            _ => {}
        }
        Ok(())
    }

    fn check(&self, state: &State, id: RolloutId, step: StepId) -> Result<(), Breach> {
        let Some(rollout) = state.rollouts.live.get(&id) else { return Ok(()) };
        // Who watches what has been shipped only looks.
        if matches!(rollout::action(rollout, step, Direction::Do), Some(Action::Watch { .. })) {
            return Ok(());
        }
        let is_reopened = |it: &StepId| self.steps.contains(&(id, *it));
        let Some(gates) = gates_before(rollout, step).into_iter().find(is_reopened) else { return Ok(()) };
        let what = format!("step {step} of {id} starts, and the gates of step {gates} were asked again");
        Err(Breach { invariant: Invariant::Gated, what })
    }
}
