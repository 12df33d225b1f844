//! A rollout walks a plan: forward step by step, and backwards when it is taken back.
//!
//! Each step keeps two progresses, `forward` for its action and `back` for its undo. [`advance`] looks at a
//! rollout and says the next events; [`effects`] derives from the steps that are running what should be under way
//! in the world; [`report`] takes what performers answer.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::effect::{Direction, Outcome};
use shipway_model::event::{Body, Cause, End, Event};
use shipway_model::plan::{Action, FallbackRef, Plan, Silenced, StepId};
use shipway_model::release::ReleaseRef;
use shipway_model::{Digest, Millis, Name, RolloutId};

use self::track::Track;
use crate::environment::Shipped;
use crate::gate::Answered;
use crate::{Code, Rejection};

pub mod advance;
pub mod closing;
pub mod effects;
pub(crate) mod follow;
pub(crate) mod gates;
pub(crate) mod report;
pub(crate) mod room;
pub(crate) mod start;
pub mod time;
pub mod track;
pub(crate) mod unwind;
pub(crate) mod verbs;
pub mod waiting;
pub(crate) mod watch;

#[derive(Debug, Clone, Default)]
pub struct Rollouts {
    /// Those that have not ended or are watched, and the last ended one of each environment.
    pub live: BTreeMap<RolloutId, Rollout>,
    /// All that were ever asked for.
    pub summaries: BTreeMap<RolloutId, Summary>,
    /// Of the live ones those that have ended, by environment.
    ended: BTreeMap<Name, BTreeSet<RolloutId>>,
    /// Of the live ones those with a step that takes locks.
    locking: BTreeSet<RolloutId>,
}

/// What is kept in memory of every rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub id: RolloutId,
    pub release: ReleaseRef,
    pub environment: Name,
    pub requested_by: String,
    pub queued: Timestamp,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub end: Option<End>,
    /// For how long agents worked on its steps; known when it has ended.
    pub busy: Millis,
    /// The fallback of a runbook that it carried out; it shipped nothing then.
    pub fallback: Option<FallbackRef>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    pub id: RolloutId,
    pub plan: Arc<Plan>,
    pub plan_digest: Digest,
    pub requested_by: String,
    pub queued: Timestamp,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub phase: Phase,
    /// Held by a person; whatever is under way finishes.
    pub paused: Option<Paused>,
    /// Held by the calendar; whatever is under way finishes.
    pub held: Option<Held>,
    /// Time for which the calendar held it, before it started and after, in milliseconds, without the hold of now.
    pub held_ms: HeldMillis,
    /// Time spent paused, in milliseconds, without the pause that holds now.
    pub paused_ms: u64,
    pub steps: Vec<StepState>,
    /// Why it was taken back, when it was.
    pub cause: Option<Cause>,
    pub unwinding_since: Option<Timestamp>,
    /// What the services of the plan ran before, for the way back after the end.
    pub before: BTreeMap<Name, Shipped>,
    /// The environment's version that the plan was made for.
    pub environment_version: u64,
    /// What people wrote down about it, the earliest first.
    pub notes: Vec<Note>,
    /// Who decides about it, where that was said.
    pub decider: Option<String>,
    /// Who was called about it, the earliest first.
    pub calls: Vec<Call>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    Queued,
    Running,
    /// The line is stopped until a person retries, rolls back or aborts.
    Halted {
        step: StepId,
        reason: String,
        since: Timestamp,
    },
    Unwinding,
    /// No new step starts; it ends when those under way have settled.
    Aborting {
        reason: String,
    },
    Ended(End),
}

/// A Channel was told of it, or could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub channel: Name,
    pub at: Timestamp,
    pub outcome: CallOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// It took the message; whoever was on call then, by name.
    Taken { people: BTreeSet<String> },
    /// It did not. It is tried again, unless it was given up.
    Failed { reason: String, given_up: bool },
}

/// What somebody wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub by: String,
    pub at: Timestamp,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    pub by: String,
    pub reason: String,
    pub since: Timestamp,
}

/// What the calendar says against a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub reason: String,
    /// When it may go on, as far as is known.
    pub next: Option<Timestamp>,
    pub since: Timestamp,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldMillis {
    pub queued: u64,
    pub started: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepState {
    pub forward: Progress,
    pub back: Progress,
    /// The fence of the route that it set last.
    pub route_revision: Option<u64>,
    /// What the judge saw and said so far.
    pub track: Track,
    pub approved_by: Option<String>,
    /// What gates said last, of a step that asks them.
    pub answered: Option<Answered>,
    /// What has come since they were asked, for people.
    pub news: Option<String>,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// For how long it was under way, all ended attempts and both directions together, in milliseconds.
    pub busy_ms: u64,
    /// Seldom there, and large: thousands of rollouts wait for theirs.
    pub result: Option<Box<Outcome>>,
    /// What its silences kept quiet.
    pub silenced: Vec<Silenced>,
}

/// How far one direction of a step is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Progress {
    #[default]
    Pending,
    Running {
        attempt: u32,
        since: Timestamp,
    },
    /// The attempt has failed and nothing has been decided about it yet.
    Failed {
        attempt: u32,
        reason: String,
        retryable: bool,
        at: Timestamp,
    },
    /// Another attempt follows.
    Retrying {
        attempt: u32,
        not_before: Timestamp,
        reason: String,
    },
    Succeeded,
    Tolerated {
        reason: String,
    },
    Skipped {
        reason: String,
    },
}

impl Progress {
    /// Nothing more will happen in this direction.
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Tolerated { .. } | Self::Skipped { .. })
    }

    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// Something may have been done in the world.
    pub const fn is_touched(&self) -> bool {
        !matches!(self, Self::Pending | Self::Skipped { .. })
    }

    pub const fn attempt(&self) -> u32 {
        match self {
            Self::Running { attempt, .. } | Self::Failed { attempt, .. } | Self::Retrying { attempt, .. } => {
                *attempt
            }
            Self::Pending | Self::Succeeded | Self::Tolerated { .. } | Self::Skipped { .. } => 0,
        }
    }
}

impl StepState {
    pub fn progress(&self, direction: Direction) -> &Progress {
        match direction {
            Direction::Do => &self.forward,
            Direction::Undo => &self.back,
        }
    }

    fn progress_mut(&mut self, direction: Direction) -> &mut Progress {
        match direction {
            Direction::Do => &mut self.forward,
            Direction::Undo => &mut self.back,
        }
    }
}

impl Rollout {
    fn new(event: &Event) -> Option<Self> {
        let Body::RolloutQueued { id, plan, plan_digest } = &event.body else { return None };
        Some(Self {
            id: *id,
            plan: Arc::clone(plan),
            plan_digest: *plan_digest,
            requested_by: event.actor.clone(),
            queued: event.at,
            started: None,
            ended: None,
            phase: Phase::Queued,
            paused: None,
            held: None,
            held_ms: HeldMillis::default(),
            paused_ms: 0,
            steps: vec![StepState::default(); plan.steps.len()],
            cause: None,
            unwinding_since: None,
            before: BTreeMap::new(),
            environment_version: 0,
            notes: Vec::new(),
            decider: None,
            calls: Vec::new(),
        })
    }

    pub fn step(&self, id: StepId) -> Option<&StepState> {
        self.steps.get((id.0 as usize).checked_sub(1)?)
    }

    fn step_mut(&mut self, id: StepId) -> Option<&mut StepState> {
        self.steps.get_mut((id.0 as usize).checked_sub(1)?)
    }

    /// The way that steps are being walked now.
    pub fn direction(&self) -> Direction {
        if self.cause.is_some() { Direction::Undo } else { Direction::Do }
    }

    pub const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Whether a step is left that begins, or goes on, after its end.
    pub fn is_to_be_watched(&self) -> bool {
        let is_left = |id| self.step(id).is_some_and(|it| !it.forward.is_settled());
        self.cause.is_none() && self.plan.steps.iter().any(|it| it.action.is_watch() && is_left(it.id))
    }

    /// Whether a step has passed from which nothing before it can be taken back.
    pub fn passed_no_return(&self) -> Option<StepId> {
        use shipway_model::plan::Reversibility::PointOfNoReturn;
        let touched = |id: StepId| self.step(id).is_some_and(|it| it.forward.is_touched());
        self.plan
            .steps
            .iter()
            .find(|it| it.reversibility == PointOfNoReturn && touched(it.id))
            .map(|it| it.id)
    }

    /// Targets that were given up on, by step.
    pub fn tolerated(&self) -> impl Iterator<Item = &shipway_model::plan::Step> {
        let tolerated = |id| self.step(id).is_some_and(|it| matches!(it.forward, Progress::Tolerated { .. }));
        // A command that failed says nothing about the target that it ran on.
        let is_on_instance =
            |action: &Action| action.target().is_some() && !matches!(action, Action::Command { .. });
        self.plan.steps.iter().filter(move |it| is_on_instance(&it.action) && tolerated(it.id))
    }

    /// Folds one event of this rollout.
    pub fn apply(&mut self, event: &Event) {
        let at = event.at;
        match &event.body {
            Body::RolloutReplanned { plan, plan_digest, .. } => {
                self.steps = vec![StepState::default(); plan.steps.len()];
                self.plan = Arc::clone(plan);
                self.plan_digest = *plan_digest;
            }
            Body::RolloutStarted { .. } => {
                self.started = Some(at);
                self.phase = Phase::Running;
            }
            Body::RolloutPaused { reason, .. } => {
                self.paused = Some(Paused { by: event.actor.clone(), reason: reason.clone(), since: at });
            }
            Body::RolloutResumed { .. } => {
                self.resume(at);
                self.leave_halt();
            }
            Body::RolloutHeld { reason, next, .. } => {
                let since = self.held.take().map_or(at, |it| it.since);
                self.held = Some(Held { reason: reason.clone(), next: *next, since });
            }
            Body::RolloutFreed { .. } => self.free(at),
            Body::RolloutHalted { step, reason, .. } => {
                self.phase = Phase::Halted { step: *step, reason: reason.clone(), since: at };
            }
            Body::RolloutUnwinding { cause, .. } => {
                self.resume(at);
                self.free(at);
                self.cut_off("the rollout was taken back meanwhile", at);
                self.phase = Phase::Unwinding;
                self.ended = None;
                if self.cause.is_none() {
                    self.unwinding_since = Some(at);
                    self.cause = Some(cause.clone());
                }
            }
            Body::RolloutNoted { note, .. } => {
                self.notes.push(Note { by: event.actor.clone(), at, text: note.clone() });
            }
            Body::DeciderNamed { decider, .. } => self.decider = Some(decider.clone()),
            Body::ChannelTold { channel, people, .. } => {
                let outcome = CallOutcome::Taken { people: people.clone() };
                self.calls.push(Call { channel: channel.clone(), at, outcome });
            }
            Body::ChannelFailed { channel, reason, given_up, .. } => {
                let outcome = CallOutcome::Failed { reason: reason.clone(), given_up: *given_up };
                self.calls.push(Call { channel: channel.clone(), at, outcome });
            }
            Body::RolloutAborting { reason, .. } => self.phase = Phase::Aborting { reason: reason.clone() },
            Body::RolloutEnded { end, .. } => {
                self.resume(at);
                self.free(at);
                self.cut_off("the rollout ended meanwhile", at);
                self.ended = Some(at);
                self.phase = Phase::Ended(end.clone());
            }
            Body::StepApproved { step, .. } => {
                if let Some(step) = self.step_mut(*step) {
                    step.approved_by = Some(event.actor.clone());
                }
            }
            Body::StepObserved { step, block, verdict, .. } => {
                if let Some(step) = self.step_mut(*step) {
                    step.track.add(block, verdict);
                }
            }
            Body::StepSilenced { step, silenced, .. } => {
                if let Some(step) = self.step_mut(*step) {
                    step.silenced.push(silenced.clone());
                }
            }
            _ => self.apply_step(event),
        }
    }

    fn apply_step(&mut self, event: &Event) {
        let at = event.at;
        match &event.body {
            Body::StepStarted { step, direction, attempt, route_revision, .. } => {
                // A retry after a halt goes on.
                self.leave_halt();
                let Some(step) = self.step_mut(*step) else { return };
                step.started.get_or_insert(at);
                step.ended = None;
                step.route_revision = route_revision.or(step.route_revision);
                step.news = None;
                *step.progress_mut(*direction) = Progress::Running { attempt: *attempt, since: at };
            }
            Body::StepEnded { step, direction, attempt, outcome, .. } => {
                let Some(step) = self.step_mut(*step) else { return };
                step.clock_out(*direction, at);
                step.ended = Some(at);
                step.result = Some(Box::new(outcome.clone()));
                *step.progress_mut(*direction) = match outcome {
                    Outcome::Succeeded { .. } => Progress::Succeeded,
                    Outcome::Failed { reason, retryable, .. } => Progress::Failed {
                        attempt: *attempt,
                        reason: reason.clone(),
                        retryable: *retryable,
                        at,
                    },
                };
            }
            Body::GateDecided { step, attempt, decision_id, decision, .. } => {
                let Some(step) = self.step_mut(*step) else { return };
                let (id, attempt, decision) = (*decision_id, *attempt, decision.clone());
                step.answered = Some(Answered { id, attempt, decision });
            }
            Body::StepReopened { step, .. } => {
                let Some(step) = self.step_mut(*step) else { return };
                step.news = None;
                step.ended = None;
                let asked = step.answered.as_ref().map_or(0, |it| it.attempt);
                // The patience with a gate counts from when it was first asked.
                step.forward = match step.forward {
                    Progress::Running { attempt, since } => Progress::Running { attempt: attempt + 1, since },
                    _ => Progress::Running { attempt: asked + 1, since: at },
                };
            }
            Body::StepRetried { step, direction, not_before, .. } => {
                let Some(step) = self.step_mut(*step) else { return };
                let progress = step.progress_mut(*direction);
                let attempt = progress.attempt() + 1;
                let reason = match progress {
                    Progress::Failed { reason, .. } => std::mem::take(reason),
                    _ => String::new(),
                };
                *progress = Progress::Retrying { attempt, not_before: *not_before, reason };
            }
            Body::StepTolerated { step, .. } => {
                let Some(step) = self.step_mut(*step) else { return };
                let reason = match &mut step.forward {
                    Progress::Failed { reason, .. } => std::mem::take(reason),
                    _ => String::new(),
                };
                step.forward = Progress::Tolerated { reason };
            }
            Body::StepSkipped { step, direction, reason, .. } => {
                if let Some(step) = self.step_mut(*step) {
                    *step.progress_mut(*direction) = Progress::Skipped { reason: reason.clone() };
                }
            }
            _ => {}
        }
    }

    fn leave_halt(&mut self) {
        if matches!(self.phase, Phase::Halted { .. }) {
            self.phase = match self.direction() {
                Direction::Do => Phase::Running,
                Direction::Undo => Phase::Unwinding,
            };
        }
    }

    /// Steps under way, in the direction walked so far, end without a result.
    fn cut_off(&mut self, reason: &str, at: Timestamp) {
        let direction = self.direction();
        for step in &mut self.steps {
            step.clock_out(direction, at);
            let progress = step.progress_mut(direction);
            if let Progress::Running { attempt, .. } | Progress::Retrying { attempt, .. } = *progress {
                let reason = reason.to_owned();
                *progress = Progress::Failed { attempt, reason, retryable: false, at };
                step.ended = Some(at);
            }
        }
    }

    fn free(&mut self, at: Timestamp) {
        let Some(held) = self.held.take() else { return };
        let account =
            if self.started.is_some() { &mut self.held_ms.started } else { &mut self.held_ms.queued };
        *account += u64::try_from(at.duration_since(held.since).as_millis()).unwrap_or(0);
    }

    fn resume(&mut self, at: Timestamp) {
        if let Some(paused) = self.paused.take() {
            self.paused_ms += u64::try_from(at.duration_since(paused.since).as_millis()).unwrap_or(0);
        }
    }
}

/// Folds a whole rollout from the events of its stream.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Rollout> {
    let mut events = events.into_iter();
    let mut rollout = Rollout::new(events.next()?)?;
    events.for_each(|event| rollout.apply(event));
    Some(rollout)
}

/// What a step does in a direction.
pub fn action(rollout: &Rollout, step: StepId, direction: Direction) -> Option<&Action> {
    let step = rollout.plan.step(step)?;
    match direction {
        Direction::Do => Some(&step.action),
        Direction::Undo => step.undo.as_ref(),
    }
}

impl Rollouts {
    pub(crate) fn known(&self, id: RolloutId) -> Result<&Rollout, Rejection> {
        self.live.get(&id).ok_or_else(|| match self.summaries.get(&id) {
            Some(_) => Rejection::new(Code::WrongPhase, format!("rollout {id} has ended, and later ones followed it"))
                .hint("only the latest rollout of an environment can be taken back; ship the wanted release instead"),
            None => Rejection::new(Code::UnknownRollout, format!("there is no rollout {id}"))
                .hint("`shipway rollout list` shows those there are"),
        })
    }

    pub(crate) fn apply(&mut self, id: RolloutId, event: &Event) {
        if let Some(rollout) = Rollout::new(event) {
            let summary = Summary {
                id,
                release: rollout.plan.release.clone(),
                environment: rollout.plan.environment.clone(),
                requested_by: rollout.requested_by.clone(),
                queued: event.at,
                started: None,
                ended: None,
                end: None,
                busy: Millis::ZERO,
                fallback: rollout.plan.fallback.clone(),
            };
            self.summaries.insert(id, summary);
            self.live.insert(id, rollout);
            self.note_locks(id);
            return;
        }
        if let Some(rollout) = self.live.get_mut(&id) {
            let had_ended = rollout.has_ended();
            rollout.apply(event);
            if had_ended != rollout.has_ended() {
                let (environment, has_ended) = (rollout.plan.environment.clone(), rollout.has_ended());
                self.note_end(id, environment, has_ended);
            }
            if matches!(event.body, Body::RolloutReplanned { .. }) {
                self.note_locks(id);
            }
        }
        if let Some(summary) = self.summaries.get_mut(&id) {
            match &event.body {
                Body::RolloutStarted { .. } => summary.started = Some(event.at),
                Body::RolloutUnwinding { .. } => (summary.ended, summary.end) = (None, None),
                Body::RolloutEnded { end, .. } => {
                    summary.ended = Some(event.at);
                    summary.end = Some(end.clone());
                    summary.busy = self.live.get(&id).map_or(summary.busy, |it| time::busy(it, event.at));
                }
                _ => {}
            }
        }
    }

    /// Forgets the details of ended rollouts of the environment but those to be kept; their streams still have them.
    pub(crate) fn retire_ended(
        &mut self,
        environment: &Name,
        keeps: impl Fn(RolloutId) -> bool,
    ) -> Vec<RolloutId> {
        let ended = self.ended.get(environment).into_iter().flatten();
        let gone: Vec<_> = ended.copied().filter(|id| !keeps(*id)).collect();
        for id in &gone {
            self.live.remove(id);
            self.locking.remove(id);
            self.note_end(*id, environment.clone(), false);
        }
        gone
    }

    /// Those that have not ended and may hold locks: looking for who holds one passes over all others.
    pub(crate) fn locking(&self) -> impl Iterator<Item = &Rollout> {
        self.locking.iter().filter_map(|id| self.live.get(id)).filter(|it| !it.has_ended())
    }

    fn note_end(&mut self, id: RolloutId, environment: Name, has_ended: bool) {
        let ended = self.ended.entry(environment);
        if has_ended {
            ended.or_default().insert(id);
        } else if let Entry::Occupied(mut ended) = ended {
            ended.get_mut().remove(&id);
            if ended.get().is_empty() {
                ended.remove();
            }
        }
    }

    fn note_locks(&mut self, id: RolloutId) {
        let takes = |it: &Rollout| it.plan.steps.iter().any(|it| !it.locks.is_empty());
        if self.live.get(&id).is_some_and(takes) {
            self.locking.insert(id);
        } else {
            self.locking.remove(&id);
        }
    }
}
