//! Rollouts on their way: forward, taken back, held, and in turn.

use shipway_engine::{Code, Command, Phase};
use shipway_model::analysis::Decision;
use shipway_model::effect::{Order, Outcome};
use shipway_model::event::{Cause, Condition, End, Scope};
use shipway_model::plan::{Instance, StepId};

use crate::world::{World, failed, name, resource, resources, verdict, version};

const OLD: [&str; 3] = ["checkout 1.0.0 @ host-a", "checkout 1.0.0 @ host-b", "checkout 1.0.0 @ host-c"];
const NEW: [&str; 3] = ["checkout 1.1.0 @ host-a", "checkout 1.1.0 @ host-b", "checkout 1.1.0 @ host-c"];

fn with_checkout(environment: serde_json::Value) -> World {
    let mut world = World::with_shop(environment);
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    assert_eq!(world.standing(), OLD);
    world
}

fn harmful() -> Outcome {
    let verdict = Some(Box::new(verdict(Decision::Harmful)));
    Outcome::Failed { reason: "4 of 50 requests failed".to_owned(), retryable: false, verdict }
}

#[test]
fn every_strategy_leaves_the_new_version_and_its_route() {
    for strategy in ["rolling", "canary", "blue-green"] {
        let mut world = with_checkout(serde_json::json!({ "strategy": strategy }));
        world.ship("1.1.0", &[("checkout", "1.1.0")]);
        assert_eq!(world.standing(), NEW, "{strategy}");
        assert_eq!(world.routes[&name("checkout")].1, [(version("1.1.0"), 10_000, 3)], "{strategy}");
    }
}

#[test]
fn a_harmful_canary_gives_the_traffic_back_first_and_leaves_nothing_behind() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "canary" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    let mut after_verdict = Vec::new();
    let mut judged = false;
    world.run(|effect| match &effect.order {
        Order::Analyse { .. } => {
            judged = true;
            Some(harmful())
        }
        order => {
            if judged {
                after_verdict.push(matches!(order, Order::Route { .. }));
            }
            None
        }
    });
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
    assert!(matches!(world.rollout(id).cause, Some(Cause::StepFailed { .. })));
    assert_eq!(world.standing(), OLD);
    assert_eq!(world.routes[&name("checkout")].1, [(version("1.0.0"), 10_000, 3)]);
    assert!(after_verdict[0], "the traffic goes back before anything else");
}

#[test]
fn a_judge_that_cannot_tell_asks_a_person() {
    for decision in [Decision::Undecided, Decision::NoVerdict] {
        let mut world = with_checkout(serde_json::json!({ "strategy": "canary" }));
        let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
        let id = world.start(release);
        let cannot_tell = || Outcome::Failed {
            reason: "undecided".to_owned(),
            retryable: false,
            verdict: Some(Box::new(verdict(decision))),
        };
        world.run(|effect| matches!(effect.order, Order::Analyse { .. }).then(cannot_tell));
        assert!(matches!(world.phase(id), Phase::Halted { .. }), "{decision:?}: {:?}", world.phase(id));
    }
}

#[test]
fn what_people_note_stays_with_the_rollout_and_moves_nothing() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "canary" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    let note = |text: &str| Command::NoteRollout { id, note: text.to_owned() };
    let name_decider = |decider: &str| Command::NameDecider { id, decider: decider.to_owned() };
    world.ask(note("the spike is the nightly import")).unwrap();
    world.ask(name_decider("ben")).unwrap();
    assert_eq!(world.ask(name_decider(" ben ")), Ok(Vec::new()), "who decides already is not named again");
    assert_eq!(world.ask(note(" \n")).unwrap_err().code, Code::InvalidReason);
    world.run_well();
    let rollout = world.rollout(id);
    assert!(rollout.has_ended());
    assert_eq!(rollout.decider.as_deref(), Some("ben"));
    let told: Vec<&str> = rollout.notes.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(told, ["the spike is the nightly import"]);
    for n in 1..500 {
        world.ask(note(&format!("note {n}"))).unwrap();
    }
    assert_eq!(world.ask(note("one too many")).unwrap_err().code, Code::InvalidReason);
}

#[test]
fn a_finished_rollout_can_be_taken_back() {
    for strategy in ["rolling", "canary", "blue-green"] {
        let mut world = with_checkout(serde_json::json!({ "strategy": strategy }));
        let id = world.ship("1.1.0", &[("checkout", "1.1.0")]);
        world.ask(Command::RollBack { id, reason: "customers complain".to_owned() }).unwrap();
        world.run_well();
        assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}), "{strategy}");
        assert_eq!(world.standing(), OLD, "{strategy}");
        let environment = world.state.environments.get(&name("production")).unwrap();
        assert_eq!(environment.services[&name("checkout")].deployed.version, version("1.0.0"));
        assert!(!environment.shipped.contains_key(&world.rollout(id).plan.release.digest));
    }
}

#[test]
fn a_failed_target_is_tolerated_as_declared_and_then_no_more() {
    let rolling = |max_failed| {
        resource("Strategy", "rolling", serde_json::json!({ "rolling": { "maxFailed": max_failed } }))
    };
    let on_host_b =
        |order: &Order| matches!(order, Order::Place { instance, .. } if instance.target == name("host-b"));
    for (max_failed, expected) in [(1, End::Succeeded { failed_targets: 1 }), (0, End::RolledBack {})] {
        let mut world = with_checkout(serde_json::json!({ "strategy": "rolling" }));
        world.ask(Command::ApplyResources { resources: resources(&[rolling(max_failed)]) }).unwrap();
        let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
        let id = world.start(release);
        world.run(|effect| on_host_b(&effect.order).then(|| failed("the disk is full")));
        assert_eq!(*world.phase(id), Phase::Ended(expected), "maxFailed {max_failed}");
    }
}

#[test]
fn a_new_instance_that_dies_takes_the_rollout_back() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "blue-green" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    // Up to the wait before the old version goes.
    while let Some(effect) = world.effects().first().cloned() {
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    }
    let instance = Instance {
        environment: name("production"),
        service: name("checkout"),
        version: version("1.1.0"),
        target: name("host-c"),
    };
    let condition = Condition::Crashed;
    world.ask(Command::ReportInstance { instance, condition, detail: "exit status 139".to_owned() }).unwrap();
    assert_eq!(*world.phase(id), Phase::Unwinding);
    let runs =
        |it: &shipway_engine::StepState| matches!(it.forward, shipway_engine::Progress::Running { .. });
    assert!(!world.rollout(id).steps.iter().any(runs), "what was under way is cut off");
    world.run_well();
    assert_eq!(world.standing(), OLD);
}

#[test]
fn pauses_hold_new_steps_and_nothing_else() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "rolling" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    for scope in [Scope::Everything, Scope::Environment(name("production"))] {
        world.ask(Command::PauseScope { scope: scope.clone(), reason: "incident".to_owned() }).unwrap();
        let id = world.start(release);
        world.run_well();
        assert_eq!(*world.phase(id), Phase::Queued, "{scope}");
        world.ask(Command::AbortRollout { id, reason: "test".to_owned() }).unwrap();
        world.ask(Command::ResumeScope { scope }).unwrap();
    }
    let service = Scope::Service(name("checkout"));
    world.ask(Command::PauseScope { scope: service.clone(), reason: "incident".to_owned() }).unwrap();
    let id = world.start(release);
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Running);
    assert_eq!(world.standing(), OLD);
    let waiting = shipway_engine::rollout::waiting::waiting(&world.state, world.rollout(id));
    assert!(waiting[0].why.contains("service checkout is paused by ana: incident"), "{waiting:?}");
    world.ask(Command::ResumeScope { scope: service }).unwrap();
    world.ask(Command::PauseRollout { id, reason: "lunch".to_owned() }).unwrap();
    let n_started = world.events.len();
    world.run_well();
    assert!(
        world.events[n_started..]
            .iter()
            .all(|it| !matches!(it.body, shipway_model::event::Body::StepStarted { .. }))
    );
    world.ask(Command::ResumeRollout { id }).unwrap();
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn one_rollout_at_a_time_and_requesters_take_turns() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "rolling" }));
    let releases: Vec<_> =
        (1..=4).map(|n| world.seal(&format!("1.{n}.0"), &[("checkout", &format!("1.{n}.0"))])).collect();
    let first = world.start_as("ana", releases[0]).unwrap();
    let second = world.start_as("ana", releases[1]).unwrap();
    let third = world.start_as("ben", releases[2]).unwrap();
    assert_eq!(*world.phase(first), Phase::Running);
    assert_eq!(*world.phase(second), Phase::Queued);
    let waiting = shipway_engine::rollout::waiting::waiting(&world.state, world.rollout(second));
    assert!(waiting[0].why.contains(&first.to_string()), "{waiting:?}");
    world.run_well();
    let ended = |id| world.state.rollouts.summaries[&id].ended.unwrap();
    let started = |id| world.state.rollouts.summaries[&id].started.unwrap();
    assert!(
        started(third) >= ended(first) && started(second) >= ended(third),
        "ben comes before ana's second"
    );
    // The second was planned against 1.0.0 and ran against what the third had left.
    assert_eq!(
        world.standing(),
        ["checkout 1.2.0 @ host-a", "checkout 1.2.0 @ host-b", "checkout 1.2.0 @ host-c"]
    );
}

#[test]
fn a_plan_that_is_not_the_one_shown_is_refused() {
    let mut world = with_checkout(serde_json::json!({}));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let shown = shipway_engine::plan::make(&world.state, release, &name("production")).unwrap().digest();
    world.ship("1.0.1", &[("checkout", "1.0.1")]);
    let id = shipway_model::RolloutId::from_uuid(crate::world::uuid_from(99_999));
    let start = Command::StartRollout { id, release, environment: name("production"), plan: Some(shown) };
    assert_eq!(world.ask(start).unwrap_err().code, Code::PlanChanged);
}

fn piped(stages: serde_json::Value) -> World {
    let mut world = World::with_shop(serde_json::json!({}));
    let mut all = crate::world::shop(serde_json::json!({ "pipeline": "main" }));
    all.extend(resources(&[resource("Pipeline", "main", serde_json::json!({ "stages": stages }))]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    world
}

#[test]
fn a_failed_smoke_test_halts_the_line_until_a_person_decides() {
    let mut world = piped(serde_json::json!([
        { "name": "ship", "run": { "deploy": {} } },
        { "name": "smoke", "run": { "http": { "url": "http://127.0.0.1:8001/" } } },
        { "name": "after", "run": { "wait": { "duration": "1s" } } }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    let mut broken = true;
    world.run(|effect| (broken && matches!(effect.order, Order::Http { .. })).then(|| failed("status 500")));
    assert!(matches!(world.phase(id), Phase::Halted { reason, .. } if reason == "status 500"));
    world.ask(Command::Retry { id }).unwrap();
    broken = false;
    world.run(|effect| (broken && matches!(effect.order, Order::Http { .. })).then(|| failed("status 500")));
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn past_the_point_of_no_return_there_is_only_forward() {
    let mut world = piped(serde_json::json!([
        { "name": "migrate", "run": { "migration": { "migrate": { "command": ["./migrate"] } } } },
        { "name": "ship", "run": { "deploy": {} } }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    world.run(|effect| matches!(effect.order, Order::Place { .. }).then(|| failed("no memory")));
    assert!(matches!(world.phase(id), Phase::Halted { reason, .. } if reason.contains("point of no return")));
    let rejection = world.ask(Command::RollBack { id, reason: "please".to_owned() }).unwrap_err();
    assert_eq!(rejection.code, Code::PointOfNoReturn);
}

#[test]
fn an_approval_takes_the_word_of_a_member() {
    let mut world = piped(serde_json::json!([
        { "name": "word", "run": { "approval": { "message": "ship it?", "team": "shop" } } },
        { "name": "ship", "run": { "deploy": {} } }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    let step = StepId(1);
    let approve = Command::ApproveStep { id, step, note: String::new() };
    let rejection = world.ask_as("mallory", approve.clone()).unwrap_err();
    assert_eq!(rejection.code, Code::NotAsked);
    world.ask_as("ana", approve).unwrap();
    world.run_well();
    assert_eq!(world.rollout(id).step(step).unwrap().approved_by.as_deref(), Some("ana"));
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn an_agent_that_never_answers_fails_the_step_by_the_clock() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "rolling", "stepTimeout": "1m" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    let effect = world.effects()[0].clone();
    world.pass(61);
    let late = world.act(&effect);
    // The attempt was given up; its late answer changes nothing, and another attempt follows.
    world.pass(1);
    let n_events = world.events.len();
    world.ask(Command::Report { key: effect.key, outcome: late }).unwrap();
    assert_eq!(world.events.len(), n_events);
    assert_eq!(world.effects()[0].key.attempt, 2);
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn an_aborted_rollout_stays_where_it_stood_and_the_next_cleans_up() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "canary" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    while let Some(effect) =
        world.effects().first().cloned().filter(|it| !matches!(it.order, Order::Analyse { .. }))
    {
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    }
    world.ask(Command::AbortRollout { id, reason: "think first".to_owned() }).unwrap();
    assert!(matches!(world.phase(id), Phase::Ended(End::Aborted { .. })));
    assert_eq!(world.standing().len(), 4);
    world.ship("1.2.0", &[("checkout", "1.2.0")]);
    assert_eq!(
        world.standing(),
        ["checkout 1.2.0 @ host-a", "checkout 1.2.0 @ host-b", "checkout 1.2.0 @ host-c"]
    );
}

#[test]
fn a_budget_of_the_organisation_holds_what_is_above_it() {
    let budget = |spec| resource("Budget", "blast-radius", spec);
    let mut world = with_checkout(serde_json::json!({ "concurrency": { "rollouts": 5 } }));
    let apply = |world: &mut World, spec| {
        world.ask(Command::ApplyResources { resources: resources(&[budget(spec)]) }).unwrap();
    };
    apply(&mut world, serde_json::json!({ "maxRollouts": 1 }));
    let web = world.seal("2.0.0", &[("web", "2.0.0")]);
    let checkout = world.seal("2.0.1", &[("checkout", "2.0.0")]);
    let first = world.start(web);
    let second = world.start(checkout);
    assert_eq!(*world.phase(second), Phase::Queued);
    let waiting = shipway_engine::rollout::waiting::waiting(&world.state, world.rollout(second));
    assert!(waiting[0].why.contains("blast-radius allows 1 rollouts"), "{waiting:?}");
    world.run_well();
    assert!(world.state.rollouts.summaries[&first].end.is_some());
    assert!(matches!(world.phase(second), Phase::Ended(End::Succeeded { .. })));

    apply(&mut world, serde_json::json!({ "maxTargets": 2 }));
    let too_much = world.seal("3.0.0", &[("web", "3.0.0")]);
    let rejection = world.start_as("ana", too_much).unwrap_err();
    assert!(rejection.to_string().contains("never allows more than 2"), "{rejection}");
}

#[test]
fn what_an_aborted_rollout_left_keeps_its_contract_when_its_plan_is_forgotten() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "canary" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    let place = world.effects()[0].clone();
    let outcome = world.act(&place);
    world.ask(Command::AbortRollout { id, reason: "think first".to_owned() }).unwrap();
    world.ask(Command::Report { key: place.key, outcome }).unwrap();
    world.ship("2.0.0", &[("web", "2.0.0")]);
    assert!(!world.state.rollouts.live.contains_key(&id));
    let environment = world.state.environments.get(&name("production")).unwrap();
    assert_eq!(environment.instances.len(), 7);
    for state in environment.instances.values() {
        assert!(environment.contracts.contains_key(&state.contract));
    }
    world.ship("1.2.0", &[("checkout", "1.2.0")]);
    assert!(world.standing().iter().all(|it| !it.contains("1.1.0")), "{:?}", world.standing());
}

#[test]
fn an_instance_that_failed_is_starting_again_with_the_next_attempt() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "rolling" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    world.start(release);
    let place = world.effects().remove(0);
    let Order::Place { instance, .. } = &place.order else { panic!("{place:?}") };
    let status = |world: &World| {
        world.state.environments.get(&name("production")).unwrap().instances[instance].status.word()
    };
    assert_eq!(status(&world), "starting");
    let outcome = Outcome::Failed { reason: "no memory".to_owned(), retryable: true, verdict: None };
    world.ask(Command::Report { key: place.key, outcome }).unwrap();
    assert_eq!(status(&world), "failed");
    world.pass(2);
    assert_eq!(world.effects()[0].key.attempt, 2);
    assert_eq!(status(&world), "starting");
}

#[test]
fn an_instance_that_dies_past_the_point_of_no_return_halts_the_line() {
    let mut world = piped(serde_json::json!([
        { "name": "migrate", "run": { "migration": { "migrate": { "command": ["./migrate"] } } } },
        { "name": "ship", "run": { "deploy": {} } },
        { "name": "word", "run": { "approval": { "message": "done?" } } }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    world.run_well();
    let instance = world.running.first().unwrap().clone();
    let mut report = |condition| {
        let (instance, detail) = (instance.clone(), "exit status 139".to_owned());
        world.ask(Command::ReportInstance { instance, condition, detail }).unwrap();
    };
    report(Condition::Crashed);
    report(Condition::Healthy);
    assert!(matches!(world.phase(id), Phase::Halted { reason, .. } if reason.contains("point of no return")));
    world.ask(Command::Retry { id }).unwrap();
    assert_eq!(*world.phase(id), Phase::Running);
    let step = world.rollout(id).plan.steps.last().unwrap().id;
    world.ask(Command::ApproveStep { id, step, note: String::new() }).unwrap();
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

/// After an abort that took the old version away, nobody goes back to it.
#[test]
fn the_way_back_after_an_abort_leads_to_what_stands() {
    let mut world = with_checkout(serde_json::json!({ "strategy": "blue-green" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let aborted = world.start(release);
    world.run(|effect| match &effect.order {
        // The new version answers, and the old one is gone.
        Order::Verify { .. } => {
            Some(Outcome::Failed { reason: "later".to_owned(), retryable: true, verdict: None })
        }
        _ => None,
    });
    // It was taken back: this time somebody aborts before that.
    assert_eq!(*world.phase(aborted), Phase::Ended(End::RolledBack {}));
    let again = world.start(release);
    while let Some(effect) =
        world.effects().first().cloned().filter(|it| !matches!(it.order, Order::Verify { .. }))
    {
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
        if world.effects().is_empty() {
            world.pass(31);
        }
    }
    world.ask(Command::AbortRollout { id: again, reason: "enough".to_owned() }).unwrap();
    world.pass(3600);
    assert!(matches!(world.phase(again), Phase::Ended(End::Aborted { .. })));
    assert_eq!(world.standing(), NEW);

    let next = world.seal("1.2.0", &[("checkout", "1.2.0")]);
    let id = world.start(next);
    assert_eq!(world.rollout(id).plan.services[0].from.as_ref().unwrap().version, version("1.1.0"));
    world.run(|effect| matches!(effect.order, Order::Verify { .. }).then(|| failed("it is not well")));
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
    assert_eq!(world.standing(), NEW);
    assert_eq!(world.routes[&name("checkout")].1, [(version("1.1.0"), 10_000, 3)]);
}

/// A release that runs already goes to a host that has joined, and the others are left alone.
#[test]
fn a_host_that_joins_gets_what_runs_and_nothing_else_is_touched() {
    for strategy in ["rolling", "canary", "blue-green"] {
        let mut world = with_checkout(serde_json::json!({ "strategy": strategy }));
        let labels =
            [("env", "production"), ("zone", "b")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let address = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        world.ask(Command::RegisterAgent { host: name("host-d"), address, labels: labels.into() }).unwrap();
        let release = world.state.releases.iter().next().unwrap().id;
        let acts = world.acts.clone();
        let id = world.start(release);
        world.run_well();
        assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }), "{strategy}");
        assert_eq!(world.standing(), [&OLD[..], &["checkout 1.0.0 @ host-d"]].concat(), "{strategy}");
        assert_eq!(world.routes[&name("checkout")].1, [(version("1.0.0"), 10_000, 4)], "{strategy}");
        let touched = world.rollout(id).plan.steps.iter().filter_map(|it| it.action.target());
        let changed: Vec<_> = touched.filter(|it| it.as_str() != "host-d").collect();
        assert_eq!(changed.len(), 3, "{strategy}: the others are only verified");
        assert!(world.acts.len() > acts.len());
        world.ask(Command::RollBack { id, reason: "not yet".to_owned() }).unwrap();
        world.run_well();
        assert_eq!(world.standing(), OLD, "{strategy}");
        assert_eq!(world.routes[&name("checkout")].1, [(version("1.0.0"), 10_000, 3)], "{strategy}");
    }
}
