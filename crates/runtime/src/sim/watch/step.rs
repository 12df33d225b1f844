//! What may not begin, looked at on top of everything that happened before.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_engine::change::Word;
use shipway_engine::{Rollout, State, rollout};
use shipway_model::approval::Decision;
use shipway_model::effect::Direction;
use shipway_model::event::{Body, Event};
use shipway_model::plan::{Action, Instance, PlannedPool, StepId};
use shipway_model::resource::{Kind, Spec};
use shipway_model::{BasisPoints, Name, RolloutId};

use super::{Breach, Invariant};

pub(super) fn check(state: &State, event: &Event) -> Result<(), Breach> {
    match &event.body {
        Body::RolloutStarted { id } => {
            not_paused(state, *id, None)?;
            not_frozen(state, *id, event.at)?;
            has_a_word(state, *id)
        }
        Body::StepStarted { id, step, direction, attempt, .. } => {
            let Some(rollout) = state.rollouts.live.get(id) else { return Ok(()) };
            let Some(action) = rollout::action(rollout, *step, *direction) else {
                let what = format!("step {step} of {id} has nothing to do in this direction");
                return Err(Breach { invariant: Invariant::Standing, what });
            };
            match direction {
                // What has ended is watched also while nothing may begin: it only looks.
                Direction::Do if matches!(action, Action::Watch { .. }) => Ok(()),
                Direction::Do => {
                    not_paused(state, *id, Some(action))?;
                    gates_are_content(rollout, *step)?;
                    // What has been tried once is under way, and is brought to its end.
                    if !action.touches_world() || *attempt > 1 {
                        return Ok(());
                    }
                    not_frozen(state, *id, event.at)?;
                    has_a_word(state, *id)
                }
                Direction::Undo => needs_are_there(state, rollout, action),
            }
        }
        _ => Ok(()),
    }
}

/// The freezes of this world come once, in UTC, and cover everything.
fn not_frozen(state: &State, id: RolloutId, at: Timestamp) -> Result<(), Breach> {
    for (_, resource) in state.catalogue.of_kind(Kind::Calendar) {
        let Spec::Calendar(calendar) = &resource.spec else { continue };
        for rule in &calendar.rules {
            let begins: Timestamp =
                format!("{}Z", rule.dtstart).parse().expect("the scenario writes instants");
            let lasts: SignedDuration = rule.duration.parse().expect("the scenario writes lengths");
            if begins <= at && at < begins + lasts {
                let what = format!("{id} goes on at {at}, in the freeze from {begins} for {lasts}");
                return Err(Breach { invariant: Invariant::Frozen, what });
            }
        }
    }
    Ok(())
}

/// Whatever comes before the step and asks gates has had its answer.
fn gates_are_content(rollout: &Rollout, step: StepId) -> Result<(), Breach> {
    let is_open = |id: &StepId| rollout.step(*id).is_some_and(|it| !it.forward.is_settled());
    let Some(gates) = gates_before(rollout, step).into_iter().find(is_open) else { return Ok(()) };
    let what = format!("step {step} of {} starts before the gates of step {gates} are content", rollout.id);
    Err(Breach { invariant: Invariant::Gated, what })
}

/// The steps on the way to `step` that ask gates.
pub(super) fn gates_before(rollout: &Rollout, step: StepId) -> Vec<StepId> {
    let (mut before, mut seen, mut found) = (vec![step], BTreeSet::new(), Vec::new());
    while let Some(id) = before.pop() {
        let Some(planned) = rollout.plan.step(id).filter(|_| seen.insert(id)) else { continue };
        if id != step && matches!(planned.action, Action::Gates { .. }) {
            found.push(id);
        }
        before.extend(&planned.after);
    }
    found
}

/// Where a change was opened, somebody who did not ask for it has said yes to this plan and has not taken it back.
fn has_a_word(state: &State, id: RolloutId) -> Result<(), Breach> {
    let Some((case, rollout)) = state.changes.of(id).zip(state.rollouts.live.get(&id)) else { return Ok(()) };
    let carries = |word: &Word| {
        let statement = &word.approval.statement;
        word.withdrawn.is_none()
            && word.by != case.requested_by
            && statement.decision == Decision::Approve
            && statement.plan == rollout.plan_digest
    };
    if case.words.iter().any(carries) {
        return Ok(());
    }
    let what = format!("{id} goes on, to which nobody but {} has said yes", case.requested_by);
    Err(Breach { invariant: Invariant::Word, what })
}

fn not_paused(state: &State, id: RolloutId, action: Option<&Action>) -> Result<(), Breach> {
    let Some(rollout) = state.rollouts.live.get(&id) else { return Ok(()) };
    let of_service = || action.and_then(Action::service).and_then(|it| state.pauses.holding_service(it));
    let scope = match &rollout.paused {
        Some(_) => Some("the rollout".to_owned()),
        None => state
            .pauses
            .holding_environment(&rollout.plan.environment)
            .or_else(of_service)
            .map(|it| it.scope.to_string()),
    };
    let Some(scope) = scope else { return Ok(()) };
    let word = action.map_or("the rollout", Action::word);
    Err(Breach {
        invariant: Invariant::Paused,
        what: format!("{word} of {id} starts while {scope} is paused"),
    })
}

/// The way back: the traffic finds an instance that stands. The share of a version that never came up goes to the others.
fn needs_are_there(state: &State, rollout: &Rollout, action: &Action) -> Result<(), Breach> {
    let Action::Route { service, pools } = action else { return Ok(()) };
    let environment = state.environments.get(&rollout.plan.environment);
    let stands = |pool: &PlannedPool| {
        pool.targets.iter().any(|target| {
            let instance = Instance {
                environment: rollout.plan.environment.clone(),
                service: service.clone(),
                version: pool.version.clone(),
                target: target.clone(),
            };
            let known = environment.and_then(|it| it.instances.get(&instance));
            known.is_some_and(|it| it.status.address().is_some())
        })
    };
    if rollout.plan.service(service).is_none_or(|it| it.from.is_none()) {
        // The first shipment goes back to nothing.
        return Ok(());
    }
    let has_come = |pool: &&PlannedPool| !never_came(rollout, service, pool);
    let mut shares = pools.iter().filter(|it| it.weight_bp > BasisPoints::ZERO).filter(has_come).peekable();
    if shares.peek().is_none() || shares.any(stands) {
        return Ok(());
    }
    let versions: Vec<&str> = pools.iter().map(|it| it.version.as_str()).collect();
    let what = format!(
        "{} gives {service} back to {}, of which nothing stands any more",
        rollout.id,
        versions.join(" and ")
    );
    Err(Breach { invariant: Invariant::Undo, what })
}

/// Whether the rollout has given up on every instance of the pool: nothing that stood was taken away.
fn never_came(rollout: &Rollout, service: &Name, pool: &PlannedPool) -> bool {
    let was_given_up = |target: &Name| {
        rollout.tolerated().any(|step| match &step.action {
            Action::Place { instance, .. } => {
                instance.service == *service && instance.version == pool.version && instance.target == *target
            }
            _ => false,
        })
    };
    pool.targets.iter().all(was_given_up)
}
