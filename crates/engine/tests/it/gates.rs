//! Gates on the way of a rollout: what waits, what asks again, and what is never gated.

use std::collections::BTreeSet;

use serde_json::json;
use shipway_engine::rollout::waiting::waiting;
use shipway_engine::{Code, Command, Phase, Progress, gate};
use shipway_model::effect::{Effect, Order};
use shipway_model::event::{Body, End};
use shipway_model::evidence::{Attachment, Kind};
use shipway_model::gate::{Decision, Requirement, Status, Waiver};
use shipway_model::plan::StepId;
use shipway_model::{DecisionId, Digest, EvidenceId, ReleaseId, RolloutId, WaiverId};

use crate::world::{World, failed, name, resource, resources, uuid_from};

const GATE: StepId = StepId(1);

/// The shop, whose production asks one gate before it deploys.
fn gated() -> World {
    let mut world = World::with_shop(json!({}));
    world.ask(Command::ApplyResources { resources: declarations(json!({"pipeline": "proven"})) }).unwrap();
    world
}

fn declarations(environment: serde_json::Value) -> Vec<shipway_model::resource::Resource> {
    let mut all = crate::world::shop(environment);
    let stages = json!({"stages": [
        {"name": "gates", "run": {"gates": {"policies": ["proof"]}}},
        {"name": "deploy", "run": {"deploy": {}}},
        {"name": "verify", "run": {"verify": {}}},
    ]});
    all.extend(resources(&[
        resource("Policy", "proof", json!({"gates": [{"name": "unit", "require": {"tests": {}}}]})),
        resource("Pipeline", "proven", stages),
    ]));
    all
}

fn ship(world: &mut World, version: &str) -> (ReleaseId, RolloutId) {
    let release = world.seal(version, &[("catalogue", version)]);
    (release, world.start(release))
}

/// The order that asks the gates, while they are asked.
fn asked(world: &World) -> Option<Effect> {
    world.effects().into_iter().find(|it| matches!(it.order, Order::Gates { .. }))
}

fn requirement(status: Status) -> Requirement {
    Requirement {
        policy: name("proof"),
        gate: name("unit"),
        kind: "tests".to_owned(),
        service: Some(name("catalogue")),
        status,
        reasons: vec!["the test says so".to_owned()],
        evidence: Vec::new(),
        waivers: Vec::new(),
        who: None,
        next: None,
        until: None,
    }
}

fn decision(world: &World, effect: &Effect, requirement: Requirement) -> Decision {
    let Order::Gates { release, environment, policies } = &effect.order else { panic!("{effect:?}") };
    Decision {
        release: release.clone(),
        environment: environment.clone(),
        policies: policies.clone(),
        facts: Digest::of(b"facts"),
        at: world.now,
        passes: requirement.status.passes(),
        requirements: vec![requirement],
    }
}

/// Answers what is asked.
fn answer(world: &mut World, requirement: Requirement) -> Vec<Body> {
    let effect = asked(world).expect("the gates are asked");
    let decision = decision(world, &effect, requirement);
    let id = DecisionId::from_uuid(uuid_from(world.uuid()));
    world.ask_as("shipway", Command::Decide { key: effect.key, id, decision }).unwrap()
}

fn attach(world: &mut World, about: &str) -> EvidenceId {
    let id = EvidenceId::from_uuid(uuid_from(world.uuid()));
    let evidence = Attachment {
        subject: BTreeSet::from([Digest::of(about.as_bytes())]),
        original: Digest::of(id.to_string().as_bytes()),
        size_bytes: 1,
        format: "junit".to_owned(),
        normal: Some(Digest::of(b"normal")),
        kinds: BTreeSet::from([Kind::Tests]),
        file_name: None,
        statement: None,
        seal: None,
        ran: None,
    };
    world.ask_as("ci", Command::AttachEvidence { id, evidence }).unwrap();
    id
}

#[test]
fn nothing_is_placed_before_the_gates_pass_and_each_answer_is_recorded_once() {
    let mut world = gated();
    let (_, id) = ship(&mut world, "1.0.0");
    assert_eq!(world.effects().len(), 1, "only the gates are asked: {:?}", world.effects());
    let effect = asked(&world).unwrap();
    assert!(matches!(answer(&mut world, requirement(Status::Missing))[..], [Body::GateDecided { .. }]));
    assert_eq!(world.effects(), [], "nobody asks again for nothing");

    let late = decision(&world, &effect, requirement(Status::Satisfied));
    let again = Command::Decide { key: effect.key, id: DecisionId::from_uuid(uuid_from(1)), decision: late };
    assert_eq!(world.ask(again).unwrap(), [], "one asking has one answer");
    let waits = waiting(&world.state, world.rollout(id));
    assert_eq!(waits[0].why, "waits for its gates: unit of catalogue is missing");
    assert!(waits[0].until.contains("shipway explain shop@1.0.0 --env production"), "{}", waits[0].until);

    attach(&mut world, "catalogue 1.0.0");
    assert_eq!(asked(&world).unwrap().key.attempt, 2);
    answer(&mut world, requirement(Status::Satisfied));
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
    assert_eq!(world.state.decisions.iter().map(|it| it.passes).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_decision_about_something_else_or_against_its_own_requirements_is_refused() {
    let mut world = gated();
    ship(&mut world, "1.0.0");
    let effect = asked(&world).unwrap();
    let good = decision(&world, &effect, requirement(Status::Satisfied));
    let mut bad = vec![good.clone(), good.clone(), good.clone()];
    bad[0].environment = name("staging");
    bad[1].policies.clear();
    bad[2].requirements = vec![requirement(Status::Failed)];
    bad.push(Decision { requirements: Vec::new(), ..good });
    for decision in bad {
        let id = DecisionId::from_uuid(uuid_from(world.uuid()));
        let refused = world.ask(Command::Decide { key: effect.key, id, decision }).unwrap_err();
        assert_eq!(refused.code, Code::InvalidReport);
    }
    assert!(world.running.is_empty());
}

#[test]
fn evidence_about_something_else_asks_nothing_again() {
    let mut world = gated();
    ship(&mut world, "1.0.0");
    answer(&mut world, requirement(Status::Missing));
    world.seal("0.9.0", &[("catalogue", "0.9.0")]);
    attach(&mut world, "catalogue 0.9.0");
    assert_eq!(asked(&world), None);
}

#[test]
fn evidence_that_comes_while_the_gates_think_asks_them_once_more() {
    let mut world = gated();
    ship(&mut world, "1.0.0");
    attach(&mut world, "catalogue 1.0.0");
    answer(&mut world, requirement(Status::Missing));
    assert_eq!(asked(&world).unwrap().key.attempt, 2, "the answer may not have seen it");
    answer(&mut world, requirement(Status::Missing));
    assert_eq!(asked(&world), None);
}

#[test]
fn late_evidence_closes_a_gate_again_and_holds_what_has_not_begun() {
    let mut world = gated();
    let (_, id) = ship(&mut world, "1.0.0");
    answer(&mut world, requirement(Status::Satisfied));
    let first = world.effects().remove(0);
    let outcome = world.act(&first);
    world.ask(Command::Report { key: first.key, outcome }).unwrap();
    let under_way = world.effects();
    attach(&mut world, "catalogue 1.0.0");
    answer(&mut world, requirement(Status::Failed));
    // What was under way ends; nothing else begins.
    for effect in under_way {
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    }
    world.pass(3600);
    assert_eq!(world.effects(), []);
    assert_eq!(*world.phase(id), Phase::Running);

    attach(&mut world, "catalogue 1.0.0");
    answer(&mut world, requirement(Status::Satisfied));
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn evidence_about_what_another_rollout_brings_there_asks_again() {
    let mut world = gated();
    ship(&mut world, "1.0.0");
    answer(&mut world, requirement(Status::Satisfied));
    // It waits behind the first, and brings what a pact of the first's may speak of.
    let second = world.seal("2.0.0", &[("checkout", "2.0.0")]);
    let second = world.start(second);
    assert!(world.rollout(second).started.is_none());
    attach(&mut world, "checkout 2.0.0");
    assert_eq!(asked(&world).map(|it| it.key.attempt), Some(2));
    answer(&mut world, requirement(Status::Failed));
    // Once nobody brings it any more, it is somebody else's affair.
    world.ask(Command::AbortRollout { id: second, reason: String::new() }).unwrap();
    attach(&mut world, "checkout 2.0.0");
    assert_eq!(asked(&world), None);
}

#[test]
fn what_is_taken_back_asks_no_gate() {
    let mut world = gated();
    let (_, first) = ship(&mut world, "1.0.0");
    answer(&mut world, requirement(Status::Satisfied));
    world.run_well();
    let (_, second) = ship(&mut world, "1.1.0");
    answer(&mut world, requirement(Status::Satisfied));
    let effect = world.effects().remove(0);
    world.ask(Command::Report { key: effect.key, outcome: failed("it does not start") }).unwrap();
    attach(&mut world, "catalogue 1.1.0");
    assert_eq!(*world.phase(second), Phase::Unwinding);
    assert_eq!(asked(&world), None);
    world.run_well();
    assert_eq!(*world.phase(second), Phase::Ended(End::RolledBack {}));
    assert!(matches!(world.state.rollouts.summaries[&first].end, Some(End::Succeeded { .. })));
}

fn waiver(world: &World, days: i64) -> Waiver {
    Waiver {
        policy: name("proof"),
        gate: name("unit"),
        service: None,
        finding: None,
        package: None,
        reason: "the machine for the tests burnt down".to_owned(),
        owner: "shop".to_owned(),
        expires: world.now + jiff::SignedDuration::from_hours(24 * days),
    }
}

#[test]
fn a_waiver_needs_another_word_opens_the_gate_and_closes_it_when_it_lapses() {
    let mut world = gated();
    let (release, id) = ship(&mut world, "1.0.0");
    answer(&mut world, requirement(Status::Missing));
    let waiver = waiver(&world, 1);
    let wai = WaiverId::from_uuid(uuid_from(77));
    world.ask_as("ada", Command::RequestWaiver { id: wai, waiver: waiver.clone() }).unwrap();
    let own = world.ask_as("ada", Command::ApproveWaiver { id: wai }).unwrap_err();
    assert_eq!(own.code, Code::SelfApproval);
    assert_eq!(asked(&world), None, "a wish opens nothing");
    world.ask_as("grace", Command::ApproveWaiver { id: wai }).unwrap();
    let facts = gate::outline(&world.state, release, &name("production"), world.now).unwrap().facts;
    assert_eq!(facts.waivers[0].approved_by, "grace");
    let waived =
        Requirement { waivers: vec![wai], until: Some(waiver.expires), ..requirement(Status::Waived) };
    answer(&mut world, waived);
    assert_eq!(world.rollout(id).step(GATE).unwrap().forward, Progress::Succeeded);

    // Half of the way, the waiver lapses.
    let effect = world.effects().remove(0);
    world.now = waiver.expires;
    let outcome = world.act(&effect);
    world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    assert!(asked(&world).is_some(), "what it waived is asked for again");
    let facts = gate::outline(&world.state, release, &name("production"), world.now).unwrap().facts;
    assert_eq!(facts.waivers, []);
    assert_eq!(world.state.waivers.get(wai).unwrap().standing(world.now), "lapsed");
    answer(&mut world, requirement(Status::Missing));
    world.pass(3600);
    assert_eq!(world.effects(), []);
}

#[test]
fn a_waiver_without_reason_gate_or_end_is_refused() {
    let mut world = gated();
    let good = waiver(&world, 30);
    let bad = [
        Waiver { reason: " ".to_owned(), ..good.clone() },
        Waiver { owner: String::new(), ..good.clone() },
        Waiver { gate: name("units"), ..good.clone() },
        Waiver { policy: name("prof"), ..good.clone() },
        Waiver { expires: world.now, ..good.clone() },
        Waiver { finding: Some(String::new()), ..good.clone() },
        waiver(&world, 400),
    ];
    for waiver in bad {
        let id = WaiverId::from_uuid(uuid_from(world.uuid()));
        let refused = world.ask(Command::RequestWaiver { id, waiver }).unwrap_err();
        assert_eq!(refused.code, Code::InvalidWaiver);
    }
}

#[test]
fn facts_hold_what_is_about_the_release_and_what_runs_before_it() {
    let mut world = gated();
    ship(&mut world, "1.0.0");
    let before = attach(&mut world, "catalogue 1.0.0");
    answer(&mut world, requirement(Status::Satisfied));
    if asked(&world).is_some() {
        answer(&mut world, requirement(Status::Satisfied));
    }
    world.run_well();
    let release = world.seal("1.1.0", &[("catalogue", "1.1.0")]);
    let own = attach(&mut world, "catalogue 1.1.0");
    let outline = gate::outline(&world.state, release, &name("production"), world.now).unwrap();
    let facts = &outline.facts;
    assert_eq!(facts.evidence.iter().map(|it| it.id).collect::<Vec<_>>(), [own]);
    assert_eq!(facts.baseline.iter().map(|it| it.id).collect::<Vec<_>>(), [before]);
    assert_eq!(facts.makers, BTreeSet::from(["ana".to_owned()]));
    let service = &facts.services[&name("catalogue")];
    assert_eq!(service.running.as_ref().unwrap().version.as_str(), "1.0.0");
    assert_eq!(service.registered_by, BTreeSet::from(["ana".to_owned()]));
    assert_eq!(outline.normals.len(), 2);
    let policies = gate::policies(&world.state, &name("production")).unwrap();
    assert_eq!(policies.keys().collect::<Vec<_>>(), [&name("proof")]);
}

#[test]
fn what_the_tools_took_back_asks_again_until_everything_behind_the_gates_has_begun() {
    let mut world = gated();
    let (_, id) = ship(&mut world, "1.0.0");
    let step = asked(&world).unwrap().key.step;
    let reopen = |attempt: u32| Command::ReopenGates {
        id,
        step,
        attempt,
        reason: "what main says of its alerting rules has changed".to_owned(),
    };
    assert_eq!(world.ask_as("shipway", reopen(1)).unwrap(), [], "nothing was answered yet");
    answer(&mut world, requirement(Status::Failed));
    assert!(matches!(world.ask_as("shipway", reopen(1)).unwrap()[..], [Body::StepReopened { .. }, ..]));
    assert_eq!(asked(&world).unwrap().key.attempt, 2, "a gate that waits is asked again");
    assert_eq!(world.ask_as("shipway", reopen(1)).unwrap(), [], "another replica saw the same");

    answer(&mut world, requirement(Status::Satisfied));
    let standing: Vec<u32> =
        shipway_engine::gate::standing(&world.state).map(|(_, _, answered)| answered.attempt).collect();
    assert_eq!(standing, [2]);
    assert!(matches!(world.ask_as("shipway", reopen(2)).unwrap()[..], [Body::StepReopened { .. }, ..]));
    assert_eq!(asked(&world).unwrap().key.attempt, 3, "so is one that had passed");
    answer(&mut world, requirement(Status::Satisfied));
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
    assert_eq!(shipway_engine::gate::standing(&world.state).count(), 0);
    assert_eq!(world.ask_as("shipway", reopen(3)).unwrap(), [], "it is too late");
}

#[test]
fn where_a_test_ran_is_compared_with_what_the_environments_declare() {
    let mut world = gated();
    let staging = resource(
        "Environment",
        "staging",
        json!({
            "targets": {"stage": "true"}, "scale": {"data": {"orders": 1000, "customers": 7}},
        }),
    );
    world.ask(Command::ApplyResources { resources: resources(&[staging]) }).unwrap();
    let (release, _) = ship(&mut world, "1.0.0");
    let mut attach = |ran: serde_json::Value| {
        let id = EvidenceId::from_uuid(uuid_from(world.uuid()));
        let evidence = Attachment {
            subject: BTreeSet::from([Digest::of(b"catalogue 1.0.0")]),
            original: Digest::of(id.to_string().as_bytes()),
            size_bytes: 1,
            format: "k6".to_owned(),
            normal: Some(Digest::of(b"normal")),
            kinds: BTreeSet::from([Kind::Load]),
            file_name: None,
            statement: None,
            seal: None,
            ran: serde_json::from_value(ran).unwrap(),
        };
        let attached = world.ask_as("ci", Command::AttachEvidence { id, evidence });
        let facts = shipway_engine::gate::outline(&world.state, release, &name("production"), world.now);
        let facts = facts.unwrap().facts.evidence.into_iter().find(|it| it.id == id);
        attached.map(|_| facts.unwrap().ran.unwrap_or_default().data)
    };
    let told = |data: &[(&str, u64)]| data.iter().map(|(it, n)| (name(it), *n)).collect();
    assert_eq!(attach(json!({"environment": "staging"})), Ok(told(&[("customers", 7), ("orders", 1000)])));
    let counted = json!({"environment": "staging", "data": {"orders": 20}});
    assert_eq!(attach(counted), Ok(told(&[("customers", 7), ("orders", 20)])), "what was counted holds");
    assert_eq!(attach(json!({"environment": "nowhere"})).unwrap_err().code, Code::UnknownEnvironment);
    assert_eq!(attach(json!({})).unwrap_err().code, Code::InvalidEvidence);
}
