//! What plans look like, and which are refused.

use shipway_engine::{Code, Command, Phase, plan};
use shipway_model::event::{Condition, End};
use shipway_model::plan::{Action, Plan};

use crate::world::{World, name, resource, resources};

fn titles(plan: &Plan) -> Vec<String> {
    let line = |step: &shipway_model::plan::Step| {
        let after: Vec<_> = step.after.iter().map(ToString::to_string).collect();
        format!(
            "{:>2} {}{}",
            step.id,
            step.title,
            if after.is_empty() { String::new() } else { format!(" <- {}", after.join(",")) }
        )
    };
    plan.steps.iter().map(line).collect()
}

#[test]
fn the_first_shipment_starts_zone_by_zone_and_providers_first() {
    let mut world = World::with_shop(serde_json::json!({}));
    let release = world.seal("1.0.0", &[("web", "1.0.0"), ("checkout", "1.0.0"), ("catalogue", "1.0.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    let order: Vec<_> = plan.services.iter().map(|it| it.service.as_str()).collect();
    assert_eq!(order, ["catalogue", "checkout", "web"]);
    insta::assert_snapshot!(titles(&plan)[..9].join("\n"));
}

#[test]
fn a_canary_grows_and_every_route_goes_straight_back() {
    let mut world = World::with_shop(serde_json::json!({ "strategies": { "checkout": "canary" } }));
    world.ship("1.0.0", &[("checkout", "1.0.0"), ("catalogue", "1.0.0")]);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0"), ("catalogue", "1.0.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    assert_eq!(plan.service(&name("catalogue")).unwrap().strategy, "unchanged");
    insta::assert_snapshot!(titles(&plan).join("\n"));
    let undone: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.undo {
            Some(shipway_model::plan::Action::Route { pools, .. }) => {
                Some((pools.len(), pools[0].weight_bp.get()))
            }
            _ => None,
        })
        .collect();
    assert!(undone.iter().all(|it| *it == (1, 10_000)), "{undone:?}");
}

fn fresh() -> (World, shipway_model::ReleaseId) {
    let mut world = World::with_shop(serde_json::json!({ "strategies": { "checkout": "canary" } }));
    let fresh = resource("Strategy", "canary", crate::world::against_fresh());
    world.ask(Command::ApplyResources { resources: resources(&[fresh]) }).unwrap();
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    (world, release)
}

#[test]
fn a_fresh_control_starts_with_the_canary_has_its_share_and_goes_when_it_was_compared() {
    let (world, release) = fresh();
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    insta::assert_snapshot!(titles(&plan).join("\n"));
    let shares = |step: &shipway_model::plan::Step| match &step.action {
        Action::Route { pools, .. } => Some(
            pools
                .iter()
                .map(|it| (it.version.to_string(), it.weight_bp.get() / 100, it.targets.len()))
                .collect::<Vec<_>>(),
        ),
        _ => None,
    };
    let routed: Vec<_> = plan.steps.iter().filter_map(shares).collect();
    let expect = |control: Option<(u16, usize)>, old: u16, new: (u16, usize)| {
        let control = control.map(|(share, n)| ("1.0.0+control".to_owned(), share, n));
        let rest = [("1.0.0".to_owned(), old, 3), ("1.1.0".to_owned(), new.0, new.1)];
        control.into_iter().chain(rest).collect::<Vec<_>>()
    };
    assert_eq!(routed[0], expect(Some((20, 1)), 60, (20, 1)));
    assert_eq!(routed[1], expect(Some((40, 2)), 20, (40, 2)));
    assert_eq!(routed[2], expect(None, 60, (40, 2)));
    let compared = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Analyse { control, .. } => Some(control.as_str()),
        _ => None,
    });
    assert_eq!(compared.collect::<Vec<_>>(), ["1.0.0+control", "1.0.0+control", "1.0.0"]);
    // What takes it back gives everything to what stood before, and nothing brings the control back.
    for step in &plan.steps {
        match &step.undo {
            Some(Action::Route { pools, .. }) => {
                assert!(pools.len() == 1 && pools[0].version.as_str() == "1.0.0")
            }
            Some(Action::Place { instance, .. }) => assert!(!instance.version.is_control(), "{instance}"),
            _ => {}
        }
    }
}

#[test]
fn what_an_aborted_comparison_has_left_goes_before_the_next_one_starts() {
    let (mut world, release) = fresh();
    let id = world.start(release);
    world.run(|effect| {
        let is_judged = matches!(effect.order, shipway_model::effect::Order::Analyse { .. });
        is_judged.then(|| crate::world::failed("no matter"))
    });
    assert!(!world.standing().iter().any(|it| it.contains("+control")), "taken back with the canary");
    let id = {
        assert!(matches!(world.phase(id), Phase::Ended(_)), "{:?}", world.phase(id));
        world.start(release)
    };
    while !world.effects().iter().any(|it| matches!(it.order, shipway_model::effect::Order::Analyse { .. })) {
        let effect = world.effects()[0].clone();
        let outcome = world.act(&effect);
        world.tell(&effect, outcome);
    }
    world.ask(Command::AbortRollout { id, reason: "enough".to_owned() }).unwrap();
    world.run_well();
    assert!(
        world.standing().contains(&"checkout 1.0.0+control @ host-a".to_owned()),
        "{:?}",
        world.standing()
    );
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    assert_eq!(
        titles(&plan)[..3],
        [
            " 1 give all of checkout to 1.0.0",
            " 2 stop checkout 1.0.0+control on host-a <- 1",
            " 3 start checkout 1.1.0 on host-a <- 2"
        ],
    );
    // Nothing else takes it away once more.
    let id = world.start(release);
    world.run_well();
    assert!(matches!(world.phase(id), Phase::Ended(End::Succeeded { .. })), "{:?}", world.phase(id));
    assert!(world.standing().iter().all(|it| it.contains(" 1.1.0 @ ")), "{:?}", world.standing());
}

#[test]
fn an_instance_of_the_fresh_control_that_fails_does_not_take_the_rollout_back() {
    let (mut world, release) = fresh();
    let id = world.start(release);
    while !world.effects().iter().any(|it| matches!(it.order, shipway_model::effect::Order::Analyse { .. })) {
        let effect = world.effects()[0].clone();
        let outcome = world.act(&effect);
        world.tell(&effect, outcome);
    }
    let mut crash = |number: &str| {
        let instance = world.running.iter().find(|it| it.version.as_str() == number).cloned().unwrap();
        let (condition, detail) = (Condition::Crashed, "exit 1".to_owned());
        world.ask(Command::ReportInstance { instance, condition, detail }).unwrap();
        world.phase(id).clone()
    };
    assert_eq!(crash("1.0.0+control"), Phase::Running);
    assert_eq!(crash("1.1.0"), Phase::Unwinding);
}

#[test]
fn no_build_is_called_like_a_fresh_control() {
    let mut world = World::with_shop(serde_json::json!({}));
    let artifact = shipway_model::release::Artifact {
        service: name("web"),
        version: crate::world::version("1.0.0+control"),
        digest: shipway_model::Digest::of(b"web"),
        size_bytes: 1,
        format: shipway_model::release::ArchiveFormat::TarGz,
        commit: String::new(),
        builder: String::new(),
        provenance: None,
        source: None,
    };
    let refused = world.ask(Command::RegisterArtifact { artifact }).unwrap_err();
    assert_eq!(refused.code, Code::ReservedVersion, "{refused}");
}

#[test]
fn blue_green_switches_once() {
    let mut world = World::with_shop(serde_json::json!({ "strategy": "blue-green" }));
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    insta::assert_snapshot!(titles(&plan).join("\n"));
}

#[test]
fn the_same_state_gives_the_same_digest_and_making_a_plan_touches_nothing() {
    let mut world = World::with_shop(serde_json::json!({}));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let n_events = world.events.len();
    let first = plan::make(&world.state, release, &name("production")).unwrap().digest();
    world.pass(1000);
    assert_eq!(plan::make(&world.state, release, &name("production")).unwrap().digest(), first);
    assert_eq!(world.events.len(), n_events);
}

#[track_caller]
fn refused(world: &World, release: shipway_model::ReleaseId, code: Code, part: &str) {
    let rejection = plan::make(&world.state, release, &name("production")).unwrap_err();
    assert_eq!(rejection.code, code, "{rejection}");
    assert!(rejection.to_string().contains(part), "{rejection}");
    assert!(rejection.hint.is_some(), "{rejection}");
}

#[test]
fn a_strategy_that_breaks_zero_downtime_is_refused() {
    let mut world = World::with_shop(serde_json::json!({ "strategy": "recreate" }));
    world.ship("1.0.0", &[("web", "1.0.0")]);
    let release = world.seal("1.1.0", &[("web", "1.1.0")]);
    refused(&world, release, Code::BreaksZeroDowntime, "recreate stops every instance");
}

#[test]
fn production_takes_only_what_staging_had() {
    let mut world = World::with_shop(serde_json::json!({}));
    let staging = resource("Environment", "staging", serde_json::json!({ "targets": { "env": "staging" } }));
    let mut all = crate::world::shop(serde_json::json!({ "promotesFrom": "staging" }));
    all.extend(resources(&[staging]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    refused(&world, release, Code::NotPromoted, "only what was shipped to staging");
}

#[test]
fn a_draft_has_no_plan_and_an_environment_without_hosts_neither() {
    let mut world = World::with_shop(serde_json::json!({ "targets": { "env": "moon" } }));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    refused(&world, release, Code::NoTargets, "env=moon");
}

#[test]
fn templates_are_written_out_with_their_parameters() {
    let template = resource(
        "Template",
        "smoke",
        serde_json::json!({
            "parameters": { "path": null, "times": "1" },
            "stages": [
                { "name": "call", "run": { "http": { "url": "http://127.0.0.1:8001/${path}" } } },
                { "name": "again", "run": { "http": { "url": "http://127.0.0.1:8001/${path}?n=${times}" } } }
            ]
        }),
    );
    let pipeline = |with: serde_json::Value| {
        resource(
            "Pipeline",
            "main",
            serde_json::json!({ "stages": [
                { "name": "ship", "run": { "deploy": {} } },
                { "name": "smoke", "run": { "template": { "name": "smoke", "with": with } } },
                { "name": "done", "run": { "wait": { "duration": "1s" } } }
            ] }),
        )
    };
    let mut world = World::new();
    let mut all = crate::world::shop(serde_json::json!({ "pipeline": "main" }));
    all.extend(resources(&[template, pipeline(serde_json::json!({ "path": "health" }))]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    let labels = [("env".to_owned(), "production".to_owned())].into();
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    world.ask(Command::RegisterAgent { host: name("host-a"), address, labels }).unwrap();
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    insta::assert_snapshot!(titles(&plan).join("\n"));

    world.ask(Command::ApplyResources { resources: resources(&[pipeline(serde_json::json!({}))]) }).unwrap();
    let rejection = plan::make(&world.state, release, &name("production")).unwrap_err();
    assert!(rejection.to_string().contains("must give template smoke its parameter path"), "{rejection}");
}

#[test]
fn a_canary_without_a_router_is_refused() {
    let mut world = World::with_shop(serde_json::json!({
        "strategy": "canary", "router": { "admin": "http://127.0.0.1:7200", "listen": {} }
    }));
    world.ship("1.0.0", &[("web", "1.0.0")]);
    let release = world.seal("1.1.0", &[("web", "1.1.0")]);
    refused(&world, release, Code::Unplannable, "no router carries that of web");
}

#[test]
fn waves_follow_the_label_that_the_environment_names() {
    let mut world = World::with_shop(serde_json::json!({ "waveBy": "env", "zones": [] }));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    assert!(plan.steps.iter().filter(|it| it.stage == name("deploy")).all(|it| it.wave == "env production"));
}

#[test]
fn the_way_back_is_estimated_against_what_is_promised() {
    let mut world = World::with_shop(serde_json::json!({ "strategy": "canary" }));
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    assert_eq!(plan.unwind.services.len(), 1);
    assert_eq!(plan.unwind.services[0].expected, plan.unwind.expected);
    assert!(plan.unwind.expected.0 > 0 && plan.unwind.point_of_no_return.is_none());
}

#[test]
fn known_failures_that_a_strategy_names_stand_in_the_plan() {
    let mut world = World::with_shop(serde_json::json!({ "strategies": { "checkout": "canary" } }));
    let known = |name: &str, signatures: serde_json::Value| {
        resource("LogSignatures", name, serde_json::json!({ "signatures": signatures }))
    };
    let logs = serde_json::json!({
        "known": ["jvm", "database"],
        "signatures": [{"name": "deadlock", "pattern": "deadlock in the shop"}],
    });
    let canary = resource(
        "Strategy",
        "canary",
        serde_json::json!({"canary": {
            "steps": [{"weight": 50}, {"analysis": {"logs": logs}}],
            "watch": {"logs": {"known": ["jvm"]}},
        }}),
    );
    let all = resources(&[
        known("jvm", serde_json::json!([{"name": "no-memory", "pattern": "OutOfMemoryError*"}])),
        known("database", serde_json::json!([{"name": "deadlock", "pattern": "deadlock * victim"}])),
        canary.clone(),
    ]);
    let refused = world.ask(Command::ApplyResources { resources: resources(&[canary]) }).unwrap_err();
    assert!(refused.to_string().contains("LogSignatures jvm, which is not declared"), "{refused}");
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let plan = plan::make(&world.state, release, &name("production")).unwrap();
    let patterns = |rule: Option<&shipway_model::resource::strategy::LogRule>| {
        let signatures = rule.into_iter().flat_map(|it| &it.signatures);
        signatures.map(|it| it.pattern.clone()).collect::<Vec<_>>()
    };
    let looked_for: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            shipway_model::plan::Action::Analyse { rule, .. } => Some(patterns(rule.logs.as_ref())),
            shipway_model::plan::Action::Watch { rule, .. } => Some(patterns(rule.logs.as_ref())),
            _ => None,
        })
        .collect();
    // The strategy's own word about a deadlock goes before the shared one.
    assert_eq!(looked_for, [vec!["deadlock in the shop", "OutOfMemoryError*"], vec!["OutOfMemoryError*"]]);
    assert!(plan.declarations.contains_key("LogSignatures jvm"), "{:?}", plan.declarations.keys());
}
