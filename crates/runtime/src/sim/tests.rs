//! The simulator itself: it repeats, and it finds what is planted.

use std::sync::Arc;

use jiff::Timestamp;
use shipway_engine::{Command, Context, State, decide};
use shipway_model::effect::{Direction, EffectKey, Order};
use shipway_model::event::{Body, Event, Schema, Scope};
use shipway_model::gate::Status;
use shipway_model::plan::{Action, PlannedPool, StepId};
use shipway_model::{BasisPoints, DecisionId, Digest};

use super::disk::Plant as StorePlant;
use super::person::TAKEN_BACK;
use super::random::Random;
use super::scenario::Scenario;
use super::trace::Trace;
use super::watch::{Reopened, Watch};
use super::world::signer;
use super::{Invariant, Options, Outcome, Plant, run};
use crate::memory::MemoryDisk;
use crate::published::Published;

fn simulate(options: &Options) -> Outcome {
    run(options, &mut |_| {})
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    repeats(1);
}

#[test]
fn so_it_does_for_several_control_planes() {
    repeats(3);
}

#[track_caller]
fn repeats(n_replicas: usize) {
    let options = Options::new(3, 1, n_replicas);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let first = run(&options, &mut |line| one.push(line.to_owned()));
    let second = run(&options, &mut |line| other.push(line.to_owned()));
    assert_eq!(one, other);
    assert_eq!(first, second);
    assert_eq!(first.breach, None);
    let Outcome { counts, .. } = first;
    assert!(counts.rollouts > 10 && counts.deeds > 50 && counts.kills > 10, "little happens: {counts:?}");
}

/// Worlds among which one has to come to what a bug needs: an agent that is told to start again what it is stopping, say.
const WORLDS: u64 = 30;

/// One of some worlds with this bug comes to a breach that is expected.
#[track_caller]
fn planted(plant: impl Fn(&mut Options), expected: &[Invariant]) {
    planted_in(1, plant, expected);
}

/// The same in worlds of several control planes.
#[track_caller]
fn planted_in(n_replicas: usize, plant: impl Fn(&mut Options), expected: &[Invariant]) {
    let mut others = Vec::new();
    let is_found = (1..=WORLDS).any(|seed| {
        let mut options = Options::new(seed, 1, n_replicas);
        plant(&mut options);
        let found = simulate(&options).breach.map(|it| it.breach);
        let is_expected = found.as_ref().is_some_and(|it| expected.contains(&it.invariant));
        others.extend(found);
        is_expected
    });
    assert!(is_found, "found {others:?}, not {expected:?}");
}

fn with(plant: Plant) -> impl Fn(&mut Options) {
    move |options| options.plant = Some(plant)
}

fn with_store(plant: StorePlant) -> impl Fn(&mut Options) {
    move |options| options.store_plant = Some(plant)
}

#[test]
fn an_agent_that_forgets_is_found() {
    planted(with(Plant::ForgetfulAgent), &[Invariant::OneDeed]);
}

#[test]
fn an_agent_that_lies_is_found() {
    planted(with(Plant::LyingAgent), &[Invariant::Standing, Invariant::Routed]);
}

#[test]
fn an_agent_that_never_reports_is_found() {
    planted(with(Plant::SilentAgent), &[Invariant::Standing]);
}

#[test]
fn an_agent_that_stops_what_still_answers_is_found() {
    planted(with(Plant::HastyAgent), &[Invariant::Routed]);
}

/// As the real agent once did.
#[test]
fn an_agent_that_retires_what_was_ordered_to_run_again_is_found() {
    planted(with(Plant::StubbornAgent), &[Invariant::Routed, Invariant::Standing]);
}

#[test]
fn an_alarm_that_rings_before_anything_is_due_is_found() {
    planted(with(Plant::EarlyAlarm), &[Invariant::Rest]);
}

#[test]
fn rollouts_for_which_nobody_does_anything_are_found() {
    planted(with(Plant::NobodyHelps), &[Invariant::Ends]);
}

#[test]
fn a_store_that_forgets_generations_is_found() {
    planted(with_store(StorePlant::ForgetsGenerations), &[Invariant::OneHolder, Invariant::OneDeed]);
}

#[test]
fn a_database_that_hands_out_under_the_same_generation_is_found() {
    planted_in(2, with_store(StorePlant::ForgetsGenerations), &[Invariant::OneHolder, Invariant::OneDeed]);
}

#[test]
fn a_store_that_changes_or_loses_records_is_found() {
    planted(with_store(StorePlant::ChangesRecords), &[Invariant::Ledger]);
    planted(with_store(StorePlant::LosesRecords), &[Invariant::Ledger, Invariant::Acknowledged]);
}

fn watch() -> Watch {
    Watch::new(&MemoryDisk::default(), signer())
}

fn event(body: Body) -> Event {
    let at = Timestamp::UNIX_EPOCH;
    Event { schema: Schema::V1, tenant: super::tenant(), actor: "ada".to_owned(), at, body }
}

/// A rollout that was queued in a world of its own, and the events up to there.
fn queued() -> (Vec<Event>, shipway_model::RolloutId) {
    let mut lines = Vec::new();
    let mut random = super::random::Random::new(1);
    let mut scenario = super::scenario::Scenario::new(&mut random);
    let mut state = State::default();
    let hosts = scenario.hosts.clone();
    let register = |(host, address, labels)| Command::RegisterAgent { host, address, labels };
    let environment = scenario.environments[0].clone();
    scenario.unprotect();
    let mut commands = vec![scenario.declaration()];
    commands.extend(hosts.into_iter().map(register));
    commands.extend(scenario.release(&environment, &mut random));
    for command in commands {
        let ctx = Context { actor: "ada", now: Timestamp::UNIX_EPOCH };
        for body in decide(&state, &command, &ctx).unwrap() {
            let event = event(body);
            state.apply(&event);
            lines.push(event);
        }
    }
    let id = *state.rollouts.live.keys().next().unwrap();
    (lines, id)
}

#[test]
fn a_start_in_a_paused_scope_is_found() {
    let (events, id) = queued();
    let check = |is_paused: bool| {
        let mut watch = watch();
        let mut show = |_: &str| {};
        let mut trace = Trace::new(&mut show);
        events.iter().for_each(|it| watch.see(it, &mut trace));
        if is_paused {
            let paused = Body::ScopePaused { scope: Scope::Everything, reason: String::new() };
            watch.see(&event(paused), &mut trace);
        }
        watch.see(&event(Body::RolloutStarted { id }), &mut trace);
        watch.breach.map(|it| it.invariant)
    };
    assert_eq!(check(true), Some(Invariant::Paused));
    assert_eq!(check(false), None);
}

/// What the watch finds in the events of a queued rollout, changed by `change`, and in these after them.
fn found(
    change: impl Fn(&mut Body),
    more: impl Fn(shipway_model::RolloutId) -> Vec<Body>,
) -> Option<Invariant> {
    let (events, id) = queued();
    let mut watch = watch();
    let mut show = |_: &str| {};
    let mut trace = Trace::new(&mut show);
    for mut event in events {
        change(&mut event.body);
        watch.see(&event, &mut trace);
    }
    more(id).into_iter().for_each(|it| watch.see(&event(it), &mut trace));
    watch.breach.map(|it| it.invariant)
}

fn begins(id: shipway_model::RolloutId, step: u32) -> Body {
    let (step, direction) = (StepId(step), Direction::Do);
    Body::StepStarted { id, step, direction, attempt: 1, route_revision: None }
}

#[test]
fn a_start_in_a_freeze_is_found() {
    let freeze = |begins: Timestamp| {
        let resource = Arc::new(Scenario::freeze(begins, &mut Random::new(1)));
        let digest = shipway_model::Digest::of(b"freeze");
        Body::ResourceApplied { resource, digest }
    };
    let day = jiff::SignedDuration::from_hours(24);
    let start = |begins| found(|_| {}, |id| vec![freeze(begins), Body::RolloutStarted { id }]);
    assert_eq!(start(Timestamp::UNIX_EPOCH), Some(Invariant::Frozen));
    assert_eq!(start(Timestamp::UNIX_EPOCH + day), None);
}

/// The first step of the plan asks gates.
#[test]
fn a_step_before_its_gates_are_content_is_found() {
    let wait = || Action::Wait { duration: shipway_model::Millis(1) };
    let first = |action: Action| {
        move |body: &mut Body| {
            if let Body::RolloutQueued { plan, .. } = body {
                let plan = Arc::make_mut(plan);
                let before = plan.steps[0].id;
                plan.steps[0].action = action.clone();
                plan.steps[1].action = wait();
                plan.steps[1].after = [before].into();
            }
        }
    };
    let both = |id| vec![begins(id, 1), begins(id, 2)];
    let gates = Action::Gates { policies: std::collections::BTreeMap::new() };
    assert_eq!(found(first(gates), both), Some(Invariant::Gated));
    assert_eq!(found(first(wait()), both), None);
}

/// What had passed is asked again: by its fold the engine would know, and the watch goes by what the ledger says.
#[test]
fn a_step_behind_gates_that_were_asked_again_is_found() {
    let (mut events, id) = queued();
    let mut state = State::default();
    for event in &mut events {
        if let Body::RolloutQueued { plan, .. } = &mut event.body {
            let plan = Arc::make_mut(plan);
            plan.steps[0].action = Action::Gates { policies: Default::default() };
            plan.steps[1].action = Action::Wait { duration: shipway_model::Millis(1) };
            plan.steps[1].after = [plan.steps[0].id].into();
        }
        state.apply(event);
    }
    let gates = StepId(1);
    let plan = &state.rollouts.live[&id].plan;
    let order = Order::Gates {
        release: plan.release.clone(),
        environment: plan.environment.clone(),
        policies: std::collections::BTreeMap::from([("proof".parse().unwrap(), Digest::of(b"proof"))]),
    };
    let says = |status: Status| {
        let decision = super::worker::decision(&order, Timestamp::UNIX_EPOCH, status).unwrap();
        let (decision_id, result) = (DecisionId::from_uuid(uuid::Uuid::nil()), decision.result());
        Body::GateDecided { id, step: gates, attempt: 2, decision_id, decision: Arc::new(decision), result }
    };
    let reopened = Body::StepReopened { id, step: gates, reason: TAKEN_BACK.to_owned() };
    let check = |between: Vec<Body>| {
        let mut watched = Reopened::default();
        let before = std::iter::once(reopened.clone()).chain(between);
        before.for_each(|it| watched.see(&state, &event(it)).unwrap());
        watched.see(&state, &event(begins(id, 2))).err().map(|it| it.invariant)
    };
    assert_eq!(check(vec![]), Some(Invariant::Gated));
    assert_eq!(check(vec![says(Status::Missing)]), Some(Invariant::Gated));
    assert_eq!(check(vec![says(Status::Satisfied)]), None);
    assert_eq!(check(vec![says(Status::Satisfied), reopened.clone()]), Some(Invariant::Gated));
    assert_eq!(Reopened::default().see(&state, &event(begins(id, 2))), Ok(()));
}

/// What comes late closes gates that had passed, while something waits behind them.
#[test]
fn worlds_come_to_gates_that_are_asked_again() {
    let is_met = (1..=WORLDS).any(|seed| {
        let Outcome { counts, breach, .. } = simulate(&Options::new(seed, 1, 1));
        assert_eq!(breach, None, "seed {seed}");
        counts.gates_closed > 0
    });
    assert!(is_met);
}

#[test]
fn a_start_without_the_word_that_it_needs_is_found() {
    let opened = |id: shipway_model::RolloutId| {
        let change = serde_json::json!({
            "rollout": id, "class": "normal", "declared": "normal", "protected": "production", "reasons": [],
            "risk": { "score": 0, "factors": [] },
        });
        (shipway_model::ChangeId::of(id), change)
    };
    let start = |id| {
        let (id_of_change, change) = opened(id);
        let change = serde_json::from_value(change).expect("a change");
        vec![Body::ChangeOpened { id: id_of_change, change }, Body::RolloutStarted { id }]
    };
    assert_eq!(found(|_| {}, start), Some(Invariant::Word));
}

#[test]
fn a_way_back_to_nothing_is_found() {
    let (events, id) = queued();
    let mut watch = watch();
    let mut show = |_: &str| {};
    let mut trace = Trace::new(&mut show);
    let mut undone = None;
    for mut event in events {
        if let Body::RolloutQueued { plan, .. } = &mut event.body {
            let plan = Arc::make_mut(plan);
            let gone = PlannedPool {
                version: "0.9.0".parse().unwrap(),
                weight_bp: BasisPoints::FULL,
                targets: vec!["production-0".parse().unwrap()],
            };
            let service = &mut plan.services[0];
            service.from = Some(service.to.clone());
            let step = &mut plan.steps[0];
            step.undo = Some(Action::Route { service: service.service.clone(), pools: vec![gone] });
            undone = Some(step.id);
        }
        watch.see(&event, &mut trace);
    }
    let (step, direction) = (undone.unwrap(), Direction::Undo);
    let started = Body::StepStarted { id, step, direction, attempt: 1, route_revision: Some(1) };
    watch.see(&event(started), &mut trace);
    assert_eq!(watch.breach.map(|it| it.invariant), Some(Invariant::Undo));
}

#[test]
fn a_state_that_was_not_folded_is_found() {
    let (events, _) = queued();
    let mut watch = watch();
    let mut show = |_: &str| {};
    let mut trace = Trace::new(&mut show);
    watch.see(&events[0], &mut trace);
    let published = Published::new();
    watch.compare(&published, &mut trace);
    assert_eq!(watch.breach.map(|it| it.invariant), Some(Invariant::Fold));
}

#[test]
fn two_holders_of_one_generation_are_found() {
    use super::wire::{Life, Who};
    let (_, id) = queued();
    let key = EffectKey { rollout: id, step: StepId(1), direction: Direction::Do, attempt: 1 };
    let lease = shipway_model::effect::Lease {
        effect: shipway_model::effect::Effect {
            key,
            performer: shipway_model::effect::Performer::Server,
            timeout: shipway_model::Millis(1000),
            order: shipway_model::effect::Order::Http {
                request: serde_json::from_value(serde_json::json!({"url": "http://127.0.0.1:9/"})).unwrap(),
            },
        },
        generation: 1,
        expires_in: shipway_model::Millis(1000),
    };
    let leased = crate::Leased { leases: vec![lease], renewed: Vec::new() };
    let mut watch = watch();
    let holder = |of| Who::Worker(Life { of, number: 1 });
    watch.leased(holder(0), &leased);
    watch.leased(holder(0), &leased);
    assert_eq!(watch.breach, None, "the same holder may be told twice");
    watch.leased(holder(1), &leased);
    assert_eq!(watch.breach.map(|it| it.invariant), Some(Invariant::OneHolder));
}
