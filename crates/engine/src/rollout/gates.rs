//! Steps that ask gates: they wait until all pass, and are asked again when what was decided on changes.
//!
//! Each asking is an attempt of the step, with an effect of its own. Until something new comes nothing is asked, and a
//! gate that has passed holds what comes after it again when something speaks against it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_model::effect::Direction;
use shipway_model::event::Body;
use shipway_model::plan::{Action, Step, StepId};
use shipway_model::{Digest, Name};

use super::{Progress, Rollout, StepState};
use crate::gate::Answered;

impl StepState {
    /// Whether the attempt has asked the gates and they have not answered.
    pub(crate) fn is_asking(&self, attempt: u32) -> bool {
        let is_under_way = matches!(self.forward, Progress::Running { attempt: it, .. } if it == attempt);
        is_under_way && self.answered.as_ref().is_none_or(|it| it.attempt != attempt)
    }

    fn has_answer(&self) -> bool {
        let attempt = self.forward.attempt();
        matches!(self.forward, Progress::Running { .. })
            && self.answered.as_ref().is_some_and(|it| it.attempt == attempt)
    }
}

impl Rollout {
    pub(super) fn gate_steps(&self) -> impl Iterator<Item = (&Step, &StepState)> {
        let gates = self.plan.steps.iter().filter(|it| matches!(it.action, Action::Gates { .. }));
        gates.filter_map(|step| Some((step, self.step(step.id)?)))
    }

    /// Whether gates of this policy are asked.
    pub(crate) fn asks(&self, policy: &Name) -> bool {
        let names = |step: &Step| match &step.action {
            Action::Gates { policies } => policies.contains_key(policy),
            _ => false,
        };
        !self.has_ended() && self.plan.steps.iter().any(names)
    }

    /// Whether it may still ask gates.
    pub(crate) fn has_gates(&self) -> bool {
        !self.has_ended() && self.gate_steps().next().is_some()
    }

    /// Whether gates are asked about this service.
    pub(crate) fn asks_of(&self, service: &Name) -> bool {
        self.has_gates() && self.plan.services.iter().any(|it| it.service == *service)
    }

    /// Whether gates are asked about something that evidence about these digests speaks of: what is shipped, whose
    /// digests are `own`, or what runs before it.
    pub(crate) fn asks_about(&self, subject: &BTreeSet<Digest>, own: &BTreeSet<Digest>) -> bool {
        if !self.has_gates() {
            return false;
        }
        let before = self.plan.services.iter().filter_map(|it| it.from.as_ref());
        let mut before = before.flat_map(|it| std::iter::once(&it.artifact).chain(it.variants.values()));
        !subject.is_disjoint(own) || before.any(|it| subject.contains(it))
    }

    /// Something has come that the gates have not seen. It counts until they are asked again.
    pub(crate) fn bring_news(&mut self, news: &str) {
        let ids: Vec<StepId> = self.gate_steps().map(|(step, _)| step.id).collect();
        for id in ids {
            if let Some(step) = self.step_mut(id) {
                step.news.get_or_insert_with(|| news.to_owned());
            }
        }
    }
}

/// Gates whose answer may no longer be what it was, while it matters: they have not passed, or something after them has
/// not begun.
pub(super) fn reopen(rollout: &Rollout, now: Timestamp) -> Vec<Body> {
    let mut events = Vec::new();
    for (step, state) in rollout.gate_steps() {
        let is_due = || stands_until(state).is_some_and(|it| it <= now);
        let reason = match &state.news {
            Some(news) => news.clone(),
            None if is_due() => {
                "the time has come for which something was waived or had to be waited".to_owned()
            }
            None => continue,
        };
        if matters(rollout, step.id, state) {
            events.push(Body::StepReopened { id: rollout.id, step: step.id, reason });
        }
    }
    events
}

/// Whether it still counts what the step's gates said: they have not passed, or something after them has not begun.
fn matters(rollout: &Rollout, step: StepId, state: &StepState) -> bool {
    match state.forward {
        Progress::Succeeded => holds_something(rollout, step),
        _ => state.has_answer(),
    }
}

/// What gates said last that still counts, by their steps. Nothing of a rollout that has ended or is taken back.
pub(crate) fn standing(rollout: &Rollout) -> impl Iterator<Item = (&Step, &Answered)> {
    let is_forward = !rollout.has_ended() && rollout.direction() == Direction::Do;
    let steps =
        rollout.gate_steps().filter(move |(step, state)| is_forward && matters(rollout, step.id, state));
    steps.filter_map(|(step, state)| Some((step, state.answered.as_ref()?)))
}

/// When time alone makes gates due to be asked again.
pub(super) fn wake(rollout: &Rollout) -> impl Iterator<Item = Timestamp> + '_ {
    rollout.gate_steps().filter_map(|(step, state)| {
        let matters = match state.forward {
            Progress::Running { .. } => true,
            Progress::Succeeded => holds_something(rollout, step.id),
            _ => false,
        };
        stands_until(state).filter(|_| matters)
    })
}

fn stands_until(state: &StepState) -> Option<Timestamp> {
    state.answered.as_ref()?.decision.stands_until()
}

/// Whether something that comes after the step has not begun.
fn holds_something(rollout: &Rollout, gate: StepId) -> bool {
    let waits = |id: &StepId| {
        let progress = rollout.step(*id).map(|it| &it.forward);
        matches!(progress, Some(Progress::Pending | Progress::Retrying { .. } | Progress::Failed { .. }))
    };
    after(rollout, |step| step.id == gate).iter().any(waits)
}

/// Steps that may not start, because gates before them have not passed, or no longer do.
pub(super) fn held(rollout: &Rollout) -> BTreeSet<StepId> {
    let is_closed = |step: &Step| {
        let progress = rollout.step(step.id).map(|it| &it.forward);
        matches!(step.action, Action::Gates { .. }) && progress.is_some_and(|it| !it.is_settled())
    };
    after(rollout, is_closed)
}

/// Everything that comes after these, however far.
fn after(rollout: &Rollout, is_start: impl Fn(&Step) -> bool) -> BTreeSet<StepId> {
    let mut starts = BTreeSet::new();
    let mut found = BTreeSet::new();
    // Every step comes after those that it needs, so one pass finds all.
    for step in &rollout.plan.steps {
        if is_start(step) {
            starts.insert(step.id);
        }
        if step.after.iter().any(|it| starts.contains(it) || found.contains(it)) {
            found.insert(step.id);
        }
    }
    found
}
