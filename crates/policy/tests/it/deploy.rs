//! Whether a build fits what it meets: pacts and their verifications, interfaces and who relies on them.

use serde_json::{Value, json};
use shipway_model::contract::{Contract, Deployability, Fit};
use shipway_model::gate::Status;
use shipway_model::{Digest, Name};
use shipway_policy::contracts::{can_deploy, diff};
use shipway_policy::facts::{Evidence, Neighbour};

use crate::scene::Scene;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn pact(content: &[u8]) -> Value {
    json!({"format": "contract", "contracts": [{"pact": {
        "consumer": "Web", "provider": "checkout", "specification": "3.0.0",
        "content": Digest::of(content), "interactions": ["an order"],
    }}]})
}

fn verification(which: Value, passed: bool) -> Value {
    let mut verification = json!({
        "consumer": "Web", "provider": "checkout", "provider_version": "1.1.0", "passed": passed,
        "failures": if passed { json!([]) } else { json!(["no order came"]) },
    });
    verification.as_object_mut().unwrap().extend(which.as_object().unwrap().clone());
    json!({"format": "contract", "contracts": [{"pact-verification": verification}]})
}

/// `checkout` 1.1.0 is to go where `web` 2.0.0 runs, which relies on it.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let neighbour = json!({
        "service": "web", "version": "2.0.0", "artifacts": [Digest::of(b"web 2.0.0")], "reliesOn": ["checkout"],
    });
    scene.facts.surroundings.neighbours = vec![serde_json::from_value::<Neighbour>(neighbour).unwrap()];
    scene
}

/// Something about the build of `web`.
fn attach_to_web(scene: &mut Scene, artifact: &[u8], normal: Value) {
    scene.attach(normal);
    let evidence: Evidence = scene.facts.evidence.pop().unwrap();
    let services = [name("web")].into();
    let subject = [Digest::of(artifact)].into();
    scene.facts.surroundings.contracts.push(Evidence { services, subject, ..evidence });
}

#[track_caller]
fn check(scene: &Scene, expect: Fit, why: &str) -> Deployability {
    let said = can_deploy(&scene.facts, &name("checkout"));
    assert_eq!(said.answer, expect, "{said:#?}");
    assert!(said.reasons[0].why.contains(why), "{said:#?}");
    said
}

#[test]
fn a_pact_counts_when_exactly_it_was_verified_with_exactly_this_build() {
    let mut scene = scene();
    attach_to_web(&mut scene, b"web 2.0.0", pact(b"orders"));
    let open =
        check(&scene, Fit::Unknown, "nobody has verified checkout 1.1.0 against what web 2.0.0 expects");
    assert!(open.reasons[0].next.as_deref().unwrap().contains("shipway evidence attach"));
    assert_eq!(open.reasons[0].meets.as_deref(), Some("web 2.0.0, which runs"));
    for other in [
        json!({"content": Digest::of(b"other orders")}),
        json!({"consumer_version": "1.9.0"}),
        json!({"broker_version": "abc", "consumer_version": "1.9.0"}),
    ] {
        let mut scene = Scene::new();
        scene.facts.surroundings = self::scene().facts.surroundings;
        attach_to_web(&mut scene, b"web 2.0.0", pact(b"orders"));
        scene.attach(verification(other, true));
        check(&scene, Fit::Unknown, "nobody has verified");
    }
    scene.attach(verification(json!({"consumer_version": "2.0.0"}), true));
    check(&scene, Fit::True, "was verified against what web 2.0.0 expects");
    scene.attach(verification(json!({"consumer_version": "2.0.0"}), false));
    check(&scene, Fit::False, "does not keep what web 2.0.0 expects: no order came");
}

#[test]
fn what_a_rollout_brings_is_met_too() {
    let mut scene = scene();
    attach_to_web(&mut scene, b"web 2.0.0", pact(b"orders"));
    scene.attach(verification(json!({"content": Digest::of(b"orders")}), true));
    check(&scene, Fit::True, "was verified");
    let arriving = json!({
        "service": "web", "version": "2.1.0", "artifacts": [Digest::of(b"web 2.1.0")], "reliesOn": ["checkout"],
        "rollout": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
    });
    scene.facts.surroundings.neighbours.push(serde_json::from_value(arriving).unwrap());
    attach_to_web(&mut scene, b"web 2.1.0", pact(b"orders and carts"));
    let said = check(&scene, Fit::Unknown, "against what web 2.1.0 expects");
    assert!(
        said.reasons[0]
            .meets
            .as_deref()
            .unwrap()
            .contains("which rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 brings")
    );
    assert_eq!(said.reasons.len(), 2, "the one that fits is told too");
}

#[test]
fn what_is_expected_of_somebody_who_is_not_there_is_a_no() {
    let mut scene = Scene::new();
    let mut own = pact(b"orders");
    own["contracts"][0]["pact"]["consumer"] = json!("checkout");
    own["contracts"][0]["pact"]["provider"] = json!("bank");
    scene.attach(own);
    check(&scene, Fit::False, "of bank, which neither runs in production nor is on its way there");
}

fn interface(title: &str, path: &str) -> Value {
    let document = json!({
        "openapi": "3.0.3", "info": {"title": title, "version": "1"},
        "paths": {path: {"get": {"responses": {"200": {}}}}},
    });
    json!({"format": "contract", "contracts": [{"openapi": {"title": title, "version": "1", "document": document}}]})
}

#[test]
fn who_relies_without_a_pact_is_served_while_the_interface_holds() {
    let mut scene = scene();
    check(&scene, Fit::Unknown, "no contract of checkout 1.0.0 is attached");
    scene.attach_before(interface("shop", "/orders"));
    check(&scene, Fit::Unknown, "no contract of checkout 1.1.0 is attached");
    scene.attach(interface("shop", "/orders"));
    check(&scene, Fit::True, "nothing that checkout 1.0.0 promises is broken");
    scene.attach(interface("shop", "/carts"));
    check(&scene, Fit::False, "1 break: api-path-removed-without-deprecation at GET /orders");
    scene.facts.services.values_mut().next().unwrap().version = "2.0.0".parse().unwrap();
    check(&scene, Fit::Unknown, "whether it uses these is not known");
    // A pact says exactly what it uses.
    attach_to_web(&mut scene, b"web 2.0.0", pact(b"carts"));
    scene.attach(verification(json!({"content": Digest::of(b"carts")}), true));
    check(&scene, Fit::True, "was verified");
}

#[test]
fn nobody_in_the_way_is_a_yes() {
    check(&Scene::new(), Fit::True, "nobody there is known to rely on it");
}

#[test]
fn every_mixture_of_a_release_is_asked_about() {
    let mut scene = Scene::new();
    let web = json!({
        "version": "2.1.0", "artifacts": [Digest::of(b"web 2.1.0")], "dependsOn": ["checkout"],
        "running": {"version": "2.0.0", "artifacts": [Digest::of(b"web 2.0.0")]},
    });
    scene.facts.services.insert(name("web"), serde_json::from_value(web).unwrap());
    let of_web = |scene: &mut Scene, artifact: &[u8], content: &[u8]| {
        let evidence = scene.attach(pact(content));
        evidence.subject = [Digest::of(artifact)].into();
        evidence.services = [name("web")].into();
        scene.facts.evidence.pop().unwrap()
    };
    let old = of_web(&mut scene, b"web 2.0.0", b"orders");
    scene.facts.baseline.push(old);
    let new = of_web(&mut scene, b"web 2.1.0", b"orders and carts");
    scene.facts.evidence.push(new);
    scene.attach(verification(json!({"content": Digest::of(b"orders and carts")}), true));
    let mixed = can_deploy(&scene.facts, &name("checkout"));
    let pairs: Vec<_> = mixed.reasons.iter().map(|it| (it.answer, it.meets.as_deref().unwrap())).collect();
    assert!(pairs.contains(&(Fit::True, "web 2.1.0, which comes with it")), "{pairs:?}");
    assert!(pairs.contains(&(Fit::Unknown, "web 2.0.0, which runs")), "{pairs:?}");
    let back = can_deploy(&scene.facts, &name("web"));
    let pairs: Vec<_> = back.reasons.iter().map(|it| (it.answer, it.meets.as_deref().unwrap())).collect();
    assert!(
        pairs.contains(&(Fit::Unknown, "checkout 1.0.0, which runs")),
        "new web over old checkout: {pairs:?}"
    );
}

#[test]
fn the_gate_asks_the_pacts_before_each_promotion() {
    let mut scene = scene();
    scene.attach_before(interface("shop", "/orders"));
    scene.attach(interface("shop", "/orders"));
    assert_eq!(scene.status(json!({"contracts": {}})), Status::Satisfied);
    attach_to_web(&mut scene, b"web 2.0.0", pact(b"orders"));
    let open = scene.ask(json!({"contracts": {}}));
    assert_eq!(open.status, Status::Missing);
    assert!(open.reasons[0].contains("nobody has verified") && open.next.is_some(), "{open:?}");
    assert_eq!(scene.status(json!({"contracts": {"pacts": false}})), Status::Satisfied);
    let wrong = json!({"content": Digest::of(b"orders")});
    scene.attach(verification(wrong.clone(), false));
    let broken = scene.ask(json!({"contracts": {}}));
    assert!(broken.status == Status::Failed && broken.reasons[0].contains("no order came"), "{broken:?}");
    scene.attach(verification(wrong, true));
    assert_eq!(scene.status(json!({"contracts": {}})), Status::Satisfied, "the latest word counts");
}

fn asyncapi(third: bool, messages: &Value) -> Contract {
    let document = match third {
        false => json!({
            "asyncapi": "2.6.0", "info": {"title": "shop", "version": "1"},
            "channels": {"shop.paid": {"subscribe": {"message": {"oneOf": messages}}}},
        }),
        true => {
            let all = messages.as_array().unwrap().iter();
            let named: serde_json::Map<String, Value> =
                all.map(|it| (it["name"].as_str().unwrap().to_owned(), it.clone())).collect();
            json!({
                "asyncapi": "3.0.0", "info": {"title": "shop", "version": "1"},
                "channels": {"paid": {"address": "shop.paid", "messages": named}},
                "operations": {"tell": {"action": "send", "channel": {"$ref": "#/channels/paid"}}},
            })
        }
    };
    let contract = json!({"asyncapi": {"title": "shop", "version": "1", "document": document}});
    serde_json::from_value(contract).unwrap()
}

fn paid(required: Value) -> Value {
    json!({"name": "Paid", "payload": {
        "type": "object", "required": required, "properties": {"id": {"type": "string"}},
    }})
}

#[test]
fn messages_that_listeners_know_may_only_say_more() {
    let rules = |old: &Contract, new: &Contract| -> Vec<String> {
        diff(old, new).into_iter().map(|it| it.rule).collect()
    };
    let before = json!([paid(json!(["id"]))]);
    let looser = json!([paid(json!([]))]);
    let more = json!([paid(json!(["id"])), {"name": "Refunded"}]);
    for third in [false, true] {
        let of = |messages: &Value| asyncapi(third, messages);
        assert_eq!(rules(&of(&before), &of(&before)), Vec::<String>::new());
        assert_eq!(rules(&of(&before), &of(&looser)), ["response-property-became-optional"]);
        assert_eq!(rules(&of(&before), &of(&more)), ["message-added"]);
        assert_eq!(rules(&of(&more), &of(&before)), ["message-removed"]);
    }
    let gone: Contract =
        serde_json::from_value(json!({"asyncapi": {"title": "shop", "version": "1", "document": {
            "asyncapi": "3.0.0", "channels": {}, "operations": {},
        }}}))
        .unwrap();
    assert_eq!(rules(&asyncapi(true, &before), &gone), ["channel-removed"]);
    // The same interface in the other version of the language.
    assert_eq!(rules(&asyncapi(false, &before), &asyncapi(true, &before)), Vec::<String>::new());
}
