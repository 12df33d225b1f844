//! What calendars do to a rollout: whether it may begin, and whether each later step may.
//!
//! Only steps that touch the world are held. Waits, bakes, judges and checks go on, so that what stands half done is
//! watched for as long as the calendar is closed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::effect::Direction;
use shipway_model::event::{Body, Cause};
use shipway_model::plan::{Action, Plan, Step};
use shipway_model::resource::calendar::{Caught, WhenClosed};
use shipway_model::resource::service::Dependency;

use super::{Progress, Rollout};
use crate::calendar::{Answer, LOOK_AHEAD, Subject, later};
use crate::change::standing;
use crate::{Code, Rejection, State, queue};

/// One subject for each service of the plan, as rules see it.
pub fn subjects(state: &State, plan: &Plan, direction: Direction) -> Vec<Subject> {
    let regions = regions(state, queue::touched(plan).into_iter());
    let services = plan.services.iter().map(|it| &it.service);
    services.map(|it| subject(state, plan, it, regions.clone(), direction)).collect()
}

fn subject(
    state: &State,
    plan: &Plan,
    service: &Name,
    regions: BTreeSet<String>,
    direction: Direction,
) -> Subject {
    let class = state.releases.get(plan.release.id).map(|it| it.bundle.class).unwrap_or_default();
    let environment = Some(plan.environment.clone());
    // A way out has the lane of rollbacks.
    let is_rollback = direction == Direction::Undo || plan.fallback.is_some();
    Subject { environment, regions, class, is_rollback, ..of_service(state, service) }
}

/// What is declared of a service, as rules see it.
pub fn of_service(state: &State, service: &Name) -> Subject {
    let declared = state.catalogue.service(service);
    let vendors = declared.into_iter().flat_map(|it| &it.depends_on).filter_map(|it| match it {
        Dependency::Vendor(vendor) => Some(vendor.clone()),
        Dependency::Service(_) | Dependency::Library(_) => None,
    });
    Subject {
        service: Some(service.clone()),
        tier: declared.map(|it| it.tier),
        team: declared.map(|it| it.owner.clone()),
        vendors: vendors.collect(),
        ..Subject::default()
    }
}

fn regions<'n>(state: &State, targets: impl Iterator<Item = &'n Name>) -> BTreeSet<String> {
    let labels = targets.filter_map(|it| state.agents.get(it)).map(|it| it.label("region").to_owned());
    labels.filter(|it| !it.is_empty()).collect()
}

fn ask(state: &State, rollout: &Rollout, subjects: &[Subject], now: Timestamp) -> Answer {
    state.calendars.check(subjects, Some(&rollout.plan.release.name), now)
}

/// # Errors
/// When a rule that is against it wants what is asked for refused rather than queued.
pub(super) fn refuse(state: &State, plan: &Plan, now: Timestamp) -> Result<(), Rejection> {
    if state.calendars.is_empty() {
        return Ok(());
    }
    let answer = state.calendars.check(&subjects(state, plan, Direction::Do), Some(&plan.release.name), now);
    if answer.allowed || answer.closed == WhenClosed::Queue {
        return Ok(());
    }
    Err(closed(&answer, format!("{} cannot go into {} now", plan.release.name, plan.environment)))
}

/// # Errors
/// When a step that a person wants tried again may not begin now.
pub(super) fn refuse_retry(state: &State, rollout: &Rollout, now: Timestamp) -> Result<(), Rejection> {
    let direction = rollout.direction();
    let mut gate = Gate::new(state, rollout, now, direction);
    for step in &rollout.plan.steps {
        let failed =
            rollout.step(step.id).is_some_and(|it| matches!(it.progress(direction), Progress::Failed { .. }));
        let Some(action) = super::action(rollout, step.id, direction).filter(|_| failed) else { continue };
        // What was halted is no longer under way: it begins anew.
        if !gate.lets_through(step, action)
            && let Some(answer) = &gate.refusal
        {
            return Err(closed(answer, format!("step {} cannot be tried again now", step.id)));
        }
    }
    Ok(())
}

fn closed(answer: &Answer, what: String) -> Rejection {
    let why = answer.reasons.iter().filter(|it| !it.allows).map(|it| it.text.clone()).collect();
    Rejection::new(Code::OutsideWindow, format!("{what}: the calendar is closed")).faults(why).hint(format!(
        "next slot: {}; `shipway calendar exception request` asks for earlier",
        answer.next_slot()
    ))
}

/// How a queued rollout's hold has to change.
pub(super) fn of_queued(state: &State, rollout: &Rollout, now: Timestamp) -> Option<Body> {
    let asked = standing::hold(state, rollout, now).map(|(_, reason)| Refusal { reason, next: None });
    if state.calendars.is_empty() && rollout.held.is_none() && asked.is_none() {
        return None;
    }
    // Nobody's word opens a calendar, and no slot replaces a word: while people are asked, no time is promised.
    let refusal = asked.or_else(|| {
        let answer = ask(state, rollout, &subjects(state, &rollout.plan, Direction::Do), now);
        (!answer.allowed).then(|| Refusal::of(&answer))
    });
    change(rollout, refusal)
}

/// Why a rollout does not go on, and from when on it may, as far as that is known.
struct Refusal {
    reason: String,
    next: Option<Timestamp>,
}

impl Refusal {
    fn of(answer: &Answer) -> Self {
        Self { reason: answer.refusal(), next: answer.next.map(|it| it.from) }
    }
}

/// The event that brings the rollout's hold to what `refusal` says.
fn change(rollout: &Rollout, refusal: Option<Refusal>) -> Option<Body> {
    let id = rollout.id;
    match (refusal, &rollout.held) {
        (None, None) => None,
        (None, Some(_)) => Some(Body::RolloutFreed { id }),
        (Some(Refusal { reason, next }), held) => {
            let is_new = held.as_ref().is_none_or(|it| it.reason != reason || it.next != next);
            is_new.then_some(Body::RolloutHeld { id, reason, next })
        }
    }
}

/// Taken back, where a rule that is against what is still to come wants that of rollouts under way.
pub(super) fn wants_back(state: &State, rollout: &Rollout, now: Timestamp) -> Option<Body> {
    let has_begun = rollout.steps.iter().any(|it| it.forward.is_touched());
    if state.calendars.is_empty() || !has_begun || rollout.passed_no_return().is_some() {
        return None;
    }
    let mut gate = Gate::forward(state, rollout, now);
    let pending = |step: &&Step| {
        step.action.touches_world() && rollout.step(step.id).is_some_and(|it| !it.forward.is_settled())
    };
    for step in rollout.plan.steps.iter().filter(pending) {
        let answer = gate.answer(&step.action);
        if !answer.allowed && answer.caught == Some(Caught::RollBack) {
            let cause = Cause::CalendarClosed { reason: answer.refusal() };
            return Some(Body::RolloutUnwinding { id: rollout.id, cause });
        }
    }
    None
}

/// When a calendar opens or closes for what is still to come, after `now`.
pub(super) fn wake(state: &State, rollout: &Rollout, now: Timestamp) -> Option<Timestamp> {
    if rollout.has_ended() {
        return None;
    }
    let word = (rollout.started.is_none()).then(|| standing::wake(state, rollout, now)).flatten();
    if state.calendars.is_empty() {
        return word;
    }
    let direction = rollout.direction();
    if rollout.started.is_none() {
        let answer = ask(state, rollout, &subjects(state, &rollout.plan, direction), now);
        return Some(answer.until.unwrap_or(later(now, LOOK_AHEAD))).into_iter().chain(word).min();
    }
    let mut gate = Gate::new(state, rollout, now, direction);
    for step in &rollout.plan.steps {
        let settled = rollout.step(step.id).is_some_and(|it| it.progress(direction).is_settled());
        if let Some(action) =
            super::action(rollout, step.id, direction).filter(|it| !settled && it.touches_world())
        {
            gate.answer(action);
        }
    }
    gate.answers.values().map(|it| it.until.unwrap_or(later(now, LOOK_AHEAD))).min()
}

/// What an answer depends on: the service, or all of them; the target, or all of them.
type About<'r> = (Option<&'r Name>, Option<&'r Name>);

/// Lets the steps of one rollout through, one by one, at one instant.
pub(super) struct Gate<'r> {
    state: &'r State,
    rollout: &'r Rollout,
    now: Timestamp,
    direction: Direction,
    answers: BTreeMap<About<'r>, Answer>,
    /// The first that was not let through.
    refusal: Option<Answer>,
    /// Why the words that it began on no longer carry it, and whether a step met that.
    fallen: Option<String>,
    is_fallen_met: bool,
}

impl<'r> Gate<'r> {
    pub(super) fn forward(state: &'r State, rollout: &'r Rollout, now: Timestamp) -> Self {
        Self::new(state, rollout, now, Direction::Do)
    }

    pub(super) fn back(state: &'r State, rollout: &'r Rollout, now: Timestamp) -> Self {
        Self::new(state, rollout, now, Direction::Undo)
    }

    fn new(state: &'r State, rollout: &'r Rollout, now: Timestamp, direction: Direction) -> Self {
        // Nobody's word is needed to take something back.
        let fallen = match direction {
            Direction::Do => standing::fallen(state, rollout),
            Direction::Undo => None,
        };
        Self {
            state,
            rollout,
            now,
            direction,
            answers: BTreeMap::new(),
            refusal: None,
            fallen,
            is_fallen_met: false,
        }
    }

    pub(super) fn lets_through(&mut self, step: &Step, action: &'r Action) -> bool {
        if !action.touches_world() {
            return true;
        }
        if self.fallen.is_some() && !is_being_retried(self.rollout, step, self.direction) {
            self.is_fallen_met = true;
            return false;
        }
        if self.state.calendars.is_empty() {
            return true;
        }
        let (rollout, direction) = (self.rollout, self.direction);
        let answer = self.answer(action).clone();
        let may = answer.allowed
            || match answer.caught {
                None | Some(Caught::RollBack) => false,
                Some(Caught::FinishStep) => is_being_retried(rollout, step, direction),
                Some(Caught::FinishWave) => {
                    is_being_retried(rollout, step, direction) || has_begun(rollout, step, direction)
                }
                Some(Caught::FinishRollout) => true,
            };
        if !may && self.refusal.is_none() {
            self.refusal = Some(answer);
        }
        may
    }

    /// How the rollout's hold has to change after all steps were tried.
    pub(super) fn event(&self) -> Option<Body> {
        let fallen = self.fallen.clone().filter(|_| self.is_fallen_met);
        let refusal = fallen.map(|reason| Refusal { reason, next: None });
        change(self.rollout, refusal.or_else(|| self.refusal.as_ref().map(Refusal::of)))
    }

    fn answer(&mut self, action: &'r Action) -> &Answer {
        let about = (action.service(), action.target());
        self.answers.entry(about).or_insert_with(|| {
            let (state, plan) = (self.state, &*self.rollout.plan);
            let subjects = match about {
                (None, _) => subjects(state, plan, self.direction),
                (Some(service), target) => {
                    let regions = match target {
                        Some(target) => regions(state, std::iter::once(target)),
                        None => regions(state, queue::touched(plan).into_iter()),
                    };
                    vec![subject(state, plan, service, regions, self.direction)]
                }
            };
            ask(state, self.rollout, &subjects, self.now)
        })
    }
}

/// It was under way when the calendar closed, and has to be brought to its end.
fn is_being_retried(rollout: &Rollout, step: &Step, direction: Direction) -> bool {
    rollout.step(step.id).is_some_and(|it| matches!(it.progress(direction), Progress::Retrying { .. }))
}

/// Whether some step of the same stage and wave, and of the same service, has begun.
fn has_begun(rollout: &Rollout, step: &Step, direction: Direction) -> bool {
    let same = |it: &&Step| {
        (&it.stage, &it.wave) == (&step.stage, &step.wave) && it.action.service() == step.action.service()
    };
    rollout
        .plan
        .steps
        .iter()
        .filter(same)
        .any(|it| rollout.step(it.id).is_some_and(|it| it.progress(direction).is_touched()))
}
