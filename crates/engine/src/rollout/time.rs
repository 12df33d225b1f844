//! Where a rollout's time went: what it cost the runners, and what it waited for.

use jiff::Timestamp;
use shipway_model::effect::Direction;
use shipway_model::plan::{Action, Step};
use shipway_model::{Millis, Name};

use super::{Progress, Rollout, StepState};

/// A wait, charged to what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// For people, for example `its turn in the environment`.
    pub cause: String,
    pub total: Millis,
}

/// For how long agents have worked on its steps up to `now`, all hosts and attempts together.
pub fn busy(rollout: &Rollout, now: Timestamp) -> Millis {
    spent(rollout, now, |action| action.target().is_some())
}

/// What it has waited for up to `now`, the causes without a wait left out.
pub fn waited(rollout: &Rollout, now: Timestamp) -> Vec<Charge> {
    let turn = between(rollout.queued, rollout.started.or(rollout.ended).unwrap_or(now));
    let turn = Millis(turn.0.saturating_sub(rollout.held_ms.queued));
    let closed = Millis(rollout.held_ms.queued + rollout.held_ms.started);
    let word = spent(rollout, now, |it| matches!(it, Action::Approval { .. } | Action::Pause {}));
    let gates = spent(rollout, now, |it| matches!(it, Action::Gates { .. }));
    let watch = spent(rollout, now, |it| {
        matches!(it, Action::Wait { .. } | Action::Bake { .. } | Action::Analyse { .. })
    });
    let charge = |cause: &str, total| Charge { cause: cause.to_owned(), total };
    let mut charges = vec![
        charge("its turn in the environment", turn),
        charge("open times and approvals", closed),
        charge("people's word", word),
        charge("its gates", gates),
        charge("waits, bakes and judgements", watch),
    ];
    charges.extend(rollout.plan.steps.iter().filter_map(|step| of_locks(rollout, step)));
    charges.retain(|it| it.total > Millis::ZERO);
    charges
}

/// From when the steps before it had ended until it began. Pauses have their own account.
fn of_locks(rollout: &Rollout, step: &Step) -> Option<Charge> {
    let locks: Vec<&str> = step.locks.iter().map(Name::as_str).collect();
    let began = rollout.step(step.id)?.started.filter(|_| !locks.is_empty())?;
    let ended = step.after.iter().filter_map(|it| rollout.step(*it)?.ended);
    let ready = ended.max().or(rollout.started)?;
    let total = Millis(between(ready, began).0.saturating_sub(rollout.paused_ms));
    Some(Charge { cause: format!("the lock {} for step {}", locks.join(", "), step.id), total })
}

fn spent(rollout: &Rollout, now: Timestamp, counts: impl Fn(&Action) -> bool) -> Millis {
    let counted = rollout.plan.steps.iter().filter(|it| counts(&it.action));
    let millis = counted.filter_map(|step| rollout.step(step.id)).map(|it| it.busy_at(now));
    Millis(millis.fold(0, u64::saturating_add))
}

fn between(from: Timestamp, to: Timestamp) -> Millis {
    Millis(u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0))
}

impl StepState {
    /// The attempt under way in `direction`, if there is one, has ended.
    pub(super) fn clock_out(&mut self, direction: Direction, at: Timestamp) {
        if let Progress::Running { since, .. } = self.progress(direction) {
            self.busy_ms = self.busy_ms.saturating_add(between(*since, at).0);
        }
    }

    /// In milliseconds, with the attempt under way.
    fn busy_at(&self, now: Timestamp) -> u64 {
        [&self.forward, &self.back].into_iter().fold(self.busy_ms, |busy, progress| match progress {
            Progress::Running { since, .. } => busy.saturating_add(between(*since, now).0),
            _ => busy,
        })
    }
}
