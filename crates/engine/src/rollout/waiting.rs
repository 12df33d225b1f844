//! What a rollout waits for, in sentences: what, why, and who or what could end it.

use jiff::Timestamp;
use shipway_model::ChangeId;
use shipway_model::plan::{Action, Step, StepId};

use super::{Phase, Progress, Rollout, follow};
use crate::State;
use crate::queue::{self, Hold};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The step that waits; None when the whole rollout does.
    pub step: Option<StepId>,
    pub why: String,
    /// Who or what ends the wait.
    pub until: String,
    pub since: Option<Timestamp>,
}

pub fn waiting(state: &State, rollout: &Rollout) -> Vec<Waiting> {
    let whole =
        |why: String, until: String, since| vec![Waiting { step: None, why, until, since: Some(since) }];
    match &rollout.phase {
        Phase::Ended(_) => Vec::new(),
        Phase::Queued => queue::hold(state, rollout)
            .map(|hold| {
                let (why, until) = explain(&hold);
                whole(why, until, rollout.queued)
            })
            .unwrap_or_default(),
        Phase::Halted { step, reason, since } => vec![Waiting {
            step: Some(*step),
            why: format!("step {step} failed: {reason}"),
            until: "an operator runs `shipway rollout retry`, `rollback` or `abort`".to_owned(),
            since: Some(*since),
        }],
        Phase::Running | Phase::Unwinding | Phase::Aborting { .. } => {
            if let Some(paused) = &rollout.paused {
                let why = by("paused", &paused.by, &paused.reason);
                return whole(why, "`shipway rollout resume`".to_owned(), paused.since);
            }
            if rollout.cause.is_none()
                && rollout.plan.fallback.is_none()
                && let Some(pause) = state.pauses.holding_environment(&rollout.plan.environment)
            {
                let why = by(&format!("{} is paused", pause.scope), &pause.by, &pause.reason);
                return whole(why, "`shipway resume` of that scope".to_owned(), pause.since);
            }
            let held = rollout.held.iter().map(|held| {
                let (why, until) = match (state.changes.of(rollout.id), held.next) {
                    (Some(case), None) => asked(case.id, &held.reason),
                    _ => closed(&held.reason, held.next),
                };
                Waiting { step: None, why, until, since: Some(held.since) }
            });
            held.chain(rollout.plan.steps.iter().filter_map(|step| of_step(state, rollout, step))).collect()
        }
    }
}

fn of_step(state: &State, rollout: &Rollout, step: &shipway_model::plan::Step) -> Option<Waiting> {
    let direction = rollout.direction();
    let progress = rollout.step(step.id)?.progress(direction);
    let wait = |why: String, until: String, since| Some(Waiting { step: Some(step.id), why, until, since });
    match (super::action(rollout, step.id, direction)?, progress) {
        (Action::Approval { message, team }, Progress::Running { since, .. }) => {
            let who =
                team.as_ref().map_or("an operator".to_owned(), |team| format!("a member of team {team}"));
            let until = format!("{who} runs `shipway rollout approve {} {}`", rollout.id, step.id);
            wait(format!("approval: {message}"), until, Some(*since))
        }
        (Action::Gates { .. }, Progress::Running { since, .. }) => {
            let (why, until) = of_gates(rollout, step);
            wait(why, until, Some(*since))
        }
        (Action::Pause {}, Progress::Running { since, .. }) => wait(
            "the strategy pauses here".to_owned(),
            format!("an operator runs `shipway rollout resume {}`", rollout.id),
            Some(*since),
        ),
        (
            Action::Wait { duration } | Action::Bake { duration, requests: 0, .. },
            Progress::Running { since, .. },
        ) => {
            wait(format!("{} takes {duration}", step.title), format!("{duration} have passed"), Some(*since))
        }
        (_, Progress::Retrying { attempt, not_before, reason }) => wait(
            format!("attempt {} failed: {reason}", attempt - 1),
            format!("the next attempt at {not_before}"),
            None,
        ),
        (action, Progress::Running { since, .. }) => {
            let who = action.target().map(|target| format!("the agent of {target}"))?;
            wait(step.title.clone(), format!("{who} reports"), Some(*since))
        }
        (action, Progress::Pending) if rollout.cause.is_none() => {
            follow::startable(rollout, step, Timestamp::MAX)?;
            if rollout.plan.fallback.is_none()
                && let Some(pause) = action.service().and_then(|it| state.pauses.holding_service(it))
            {
                let why = by(&format!("{} is paused", pause.scope), &pause.by, &pause.reason);
                return wait(why, "`shipway resume` of that scope".to_owned(), Some(pause.since));
            }
            let (lock, (holder, holding)) =
                step.locks.iter().find_map(|lock| Some((lock, follow::lock_holder(state, lock)?)))?;
            let why = format!("the lock {lock} is held by step {holding} of rollout {holder}");
            wait(why, "that step ends".to_owned(), None)
        }
        _ => None,
    }
}

/// What gates miss, and who can bring it.
fn of_gates(rollout: &Rollout, step: &Step) -> (String, String) {
    /// More would be a page; `shipway explain` shows it.
    const NAMED_MAX: usize = 3;
    let answered = rollout.step(step.id).and_then(|it| it.answered.as_ref());
    let unmet: Vec<_> = answered.iter().flat_map(|it| it.decision.unmet()).collect();
    if unmet.is_empty() {
        return (step.title.clone(), "the gates have answered".to_owned());
    }
    let told = unmet.iter().take(NAMED_MAX).map(|it| {
        let of = it.service.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
        format!("{}{of} is {}", it.gate, it.status.as_str())
    });
    let mut told: Vec<String> = told.collect();
    if unmet.len() > NAMED_MAX {
        told.push(format!("{} more", unmet.len() - NAMED_MAX));
    }
    let plan = &rollout.plan;
    let explain = format!(
        "`shipway explain {}@{} --env {}`",
        plan.release.name, plan.release.version, plan.environment
    );
    let time = unmet.iter().filter_map(|it| it.until).min();
    let until = match time {
        Some(time) => format!("it is supplied, or {time} comes: {explain} says what, and by whom"),
        None => format!("it is supplied: {explain} says what, and by whom"),
    };
    (format!("waits for its gates: {}", told.join(", ")), until)
}

/// Why a queued rollout waits, and until when.
pub fn explain(hold: &Hold) -> (String, String) {
    match hold {
        Hold::Full { running, limit } => {
            let running: Vec<_> = running.iter().map(ToString::to_string).collect();
            (
                match running.as_slice() {
                    [one] => format!("the environment takes one rollout at a time, and {one} is under way"),
                    several => format!(
                        "the environment takes {limit} rollouts at a time, and {} are under way",
                        several.join(", ")
                    ),
                },
                "one of them ends".to_owned(),
            )
        }
        Hold::SameService { service, rollout } => {
            (format!("rollout {rollout} is shipping {service} too"), "that rollout ends".to_owned())
        }
        Hold::Budget { name, counted, under_way, wanted, limit } => (
            format!(
                "the budget {name} allows {limit} {counted} at once; {under_way} are under way and this takes {wanted} more"
            ),
            "rollouts under way end".to_owned(),
        ),
        Hold::Turn { rollout } => {
            (format!("rollout {rollout} has the next turn"), "that rollout has started".to_owned())
        }
        Hold::Paused { scope, by: who, reason } => {
            (by(&format!("{scope} is paused"), who, reason), "`shipway resume` of that scope".to_owned())
        }
        Hold::Closed { reason, next } => closed(reason, *next),
        Hold::Change { id, reason } => asked(*id, reason),
        Hold::Held { by: who, reason } => (by("paused", who, reason), "`shipway rollout resume`".to_owned()),
    }
}

fn asked(id: ChangeId, reason: &str) -> (String, String) {
    (reason.to_owned(), format!("`shipway change show {id}` says who can give what is missing"))
}

fn closed(reason: &str, next: Option<Timestamp>) -> (String, String) {
    let until = match next {
        Some(next) => {
            format!("it goes on by itself at {next}; `shipway calendar exception request` asks for earlier")
        }
        None => "no slot opens within a year: change the calendar, or ask for an exception".to_owned(),
    };
    (reason.to_owned(), until)
}

/// What a person did, with the reason if there is one.
fn by(what: &str, who: &str, reason: &str) -> String {
    if reason.is_empty() { format!("{what} by {who}") } else { format!("{what} by {who}: {reason}") }
}
