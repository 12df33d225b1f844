//! Of which type a change is, and why; and the risk that goes with it.

use serde_json::json;
use shipway_engine::change::risk;
use shipway_model::change::Factor;
use shipway_model::release::Class;

use super::{approve, case, has_begun, protected, register, seal};
use crate::world::{World, name};

fn class_of(world: &mut World, number: &str, declared: Class, files: &[&str]) -> (Class, Vec<String>) {
    let release = seal(world, number, declared, files);
    let id = world.start(release);
    let change = &case(world, id).change;
    assert_eq!(change.declared, declared);
    (change.class, change.reasons.clone())
}

/// The shop with web shipped, and templates for texts.
fn with_template(agreed: &str) -> World {
    let mut world = protected(json!({ "changePolicy": {
        "rules": [
            { "name": "access", "when": { "paths": ["**/access/**"] }, "class": "major", "reason": "who may do what" },
            { "name": "api", "when": { "paths": ["**/openapi*"] }, "class": "normal" },
        ],
        "templates": [{ "name": "texts", "paths": ["texts/**", "docs/openapi.md"], "maxLines": 100, "agreed": agreed }],
    } }));
    world.pass(60);
    world
}

#[test]
fn the_stricter_of_declared_and_derived_wins_and_says_why() {
    let mut world = with_template("2026-01-01T00:00:00Z");
    assert_eq!(
        class_of(&mut world, "1.0.0", Class::Standard, &["texts/hello.txt"]),
        (Class::Standard, vec!["standard by the template texts".to_owned()])
    );
    let (class, why) = class_of(&mut world, "1.0.1", Class::Standard, &["texts/hello.txt", "src/till.rs"]);
    assert_eq!(class, Class::Normal);
    assert_eq!(why, ["normal because no template of standard changes fits it"]);
    let (class, why) = class_of(&mut world, "1.0.2", Class::Standard, &["docs/openapi.md"]);
    assert_eq!(class, Class::Normal, "{why:?}");
    let (class, why) = class_of(&mut world, "1.0.3", Class::Normal, &["server/access/roles.rs"]);
    assert_eq!((class, why[0].as_str()), (Class::Major, "major by the rule access: who may do what"));
    assert_eq!(class_of(&mut world, "1.0.4", Class::Major, &["texts/hello.txt"]).0, Class::Major);
}

#[test]
fn what_nobody_said_is_neither_standard_nor_major() {
    let mut world = with_template("2026-01-01T00:00:00Z");
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    let change = &case(&world, id).change;
    assert_eq!(change.class, Class::Normal);
    assert!(change.reasons[0].contains("does not say what it touches"), "{:?}", change.reasons);
}

#[test]
fn a_standard_change_needs_nobodys_word_and_a_bad_record_ends_that() {
    let mut world = with_template("2026-01-01T00:00:00Z");
    for number in ["1.0.0", "1.0.1"] {
        let release = seal(&mut world, number, Class::Standard, &["texts/hello.txt"]);
        let id = world.start(release);
        assert!(has_begun(&world, id), "agreed to beforehand");
        let reason = "typo".to_owned();
        world.ask(shipway_engine::Command::RollBack { id, reason }).unwrap();
        world.run_well();
    }
    let (class, why) = class_of(&mut world, "1.0.2", Class::Standard, &["texts/hello.txt"]);
    assert_eq!(class, Class::Normal);
    let lost = "normal because the template texts has lost its standing: 2 of its latest 2 changes failed";
    assert_eq!(why, [lost]);
}

#[test]
fn a_migration_and_a_new_vendor_are_major_by_the_built_in_rules() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let first = world.start(release);
    assert!(case(&world, first).change.reasons.iter().any(|it| it.contains("never shipped here")));
    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", first, &ben);
    world.run_well();

    super::declare(&mut world, "root", "Vendor", "payments", json!({}));
    let mut web = crate::world::service("web", &["checkout", "catalogue"]);
    web["spec"]["dependsOn"].as_array_mut().unwrap().push(json!({ "vendor": "payments" }));
    let resources = crate::world::resources(&[web]);
    world.ask_as("root", shipway_engine::Command::ApplyResources { resources }).unwrap();
    let (class, why) = class_of(&mut world, "1.1.0", Class::Normal, &["src/page.rs"]);
    assert_eq!(class, Class::Major, "{why:?}");
    assert!(why.iter().any(|it| it.starts_with("major by the rule new-integration")), "{why:?}");
}

#[test]
fn the_points_of_the_factors_add_up_to_the_score() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let risk = &case(&world, id).change.risk;
    assert_eq!(risk.score, risk.factors.iter().map(|it| it.points).sum::<u32>());
    assert_eq!(risk.factors.len(), Factor::ALL.len());
    assert!(risk.factors.is_sorted_by_key(|it| std::cmp::Reverse(it.points)));
    assert_eq!(Factor::ALL.map(risk::weight).iter().sum::<u32>(), 100);
    assert!(risk.factors.iter().all(|it| it.points <= it.of && !it.why.is_empty()));
}

#[test]
fn nothing_known_is_never_no_risk() {
    let mut world = protected(json!({}));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    let plan = world.rollout(id).plan.clone();
    let bundle = &world.state.releases.get(release).unwrap().bundle;
    let none = risk::assess(&world.state, &plan, bundle, &Default::default(), world.now);
    for factor in [Factor::Churn, Factor::History, Factor::Data, Factor::EvidenceGaps, Factor::Novelty] {
        let found = none.factors.iter().find(|it| it.factor == factor).unwrap();
        assert!(found.points > 0, "{found:?}");
    }
    // A policy may weigh otherwise.
    let weights = [(Factor::Churn, 1000)].into();
    let heavy = risk::assess(&world.state, &plan, bundle, &weights, world.now);
    assert_eq!((heavy.factors[0].factor, heavy.factors[0].points), (Factor::Churn, 600));
}

#[test]
fn a_release_that_went_wrong_makes_the_next_one_riskier_and_time_heals() {
    let points = |world: &World, id| {
        let risk = &case(world, id).change.risk;
        risk.factors.iter().find(|it| it.factor == Factor::History).unwrap().points
    };
    let ship = |fail: bool, days: i64| {
        let mut world = with_template("2026-01-01T00:00:00Z");
        for number in ["1.0.0", "1.0.1"] {
            let release = seal(&mut world, number, Class::Standard, &["texts/hello.txt"]);
            let id = world.start(release);
            if fail {
                world.ask(shipway_engine::Command::RollBack { id, reason: "typo".to_owned() }).unwrap();
            }
            world.run_well();
        }
        world.pass(days * 86_400);
        let release = seal(&mut world, "1.0.2", Class::Normal, &["src/page.rs"]);
        let id = world.start(release);
        assert_eq!(case(&world, id).change.protected, name("production"));
        points(&world, id)
    };
    let (good, bad, old) = (ship(false, 1), ship(true, 1), ship(true, 400));
    assert!(good < old && old < bad, "{good} {old} {bad}");
}
