//! People are told: reminders through a Channel, and consumers that only their bills of materials show.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Town, parse};
use crate::almanac::elsewhere::Elsewhere;
use crate::host::until;

/// Whoever asks is reminded after a second.
fn hasty(receiver: &str, secret: &Path) -> String {
    let documents = [
        json!({"apiVersion": "shipway.dev/v1", "kind": "ChangePolicy", "metadata": {"name": "hasty"}, "spec": {
            "rules": [], "normal": {"approvals": [{"name": "owners", "from": {"owners": true}, "sla": {
                "remindAfter": "1s", "escalateAfter": "1h", "escalateTo": {"roles": ["admin"]}}}]}}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Environment", "metadata": {"name": "production"}, "spec": {
            "pipeline": "quiet", "targets": {"production": "true"}, "changePolicy": "hasty"}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Channel", "metadata": {"name": "duty"}, "spec": {
            "url": receiver, "secret": {"file": secret}, "tells": ["reminder"]}}),
    ];
    documents.map(|it| it.to_string()).join("\n---\n")
}

#[test]
fn who_does_not_answer_is_reminded_through_a_channel_although_its_receiver_was_away() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben"]);
    let receiver = Elsewhere::start();
    let secret = folder.path().join("secret");
    fs::write(&secret, "geheim\n").unwrap();
    fs::write(folder.path().join("hasty.yaml"), hasty(&receiver.url("/hook"), &secret)).unwrap();
    town.live.ok(&["apply", "hasty.yaml"]);
    let change = town.ship("1.0.0");
    let duty = || town.json(&["channel", "list"])[0].clone();
    until("the receiver refuses", || duty()["waiting"][0]["fault"] == "the receiver answered 404 Not Found");
    receiver.answer("/hook", 200, "");
    until("the reminder is left", || duty()["nTold"] == 1);
    assert_eq!(duty()["waiting"], json!([]));
    let asked = receiver.asked();
    assert!(asked.len() >= 2, "refused once, and taken: {asked:?}");
    let bodies: Vec<Value> = asked.iter().map(|it| parse(&it.1)).collect();
    for body in &bodies {
        assert_eq!((&body["type"], &body["data"]["change"]), (&json!("shipway.reminder"), &json!(change)));
        assert_eq!(body["data"]["people"], json!(["ben"]));
    }
}

#[test]
fn a_service_whose_bill_of_materials_names_a_library_is_a_consumer_of_what_it_is_built_on() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &[]);
    let deployment =
        json!({"command": ["bin/web"], "health": {"checks": [{"name": "up", "probe": {"tcp": {}}}]}});
    let documents = [
        json!({"apiVersion": "shipway.dev/v1", "kind": "Team", "metadata": {"name": "apps"}, "spec": {}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Service", "metadata": {"name": "till"},
               "spec": {"owner": "apps", "deployment": deployment}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Library", "metadata": {"name": "client"}, "spec": {
            "owner": "shop", "dependsOn": [{"service": "web"}], "packages": ["pkg:npm/%40shop/client"]}}),
    ];
    fs::write(folder.path().join("till.yaml"), documents.map(|it| it.to_string()).join("\n---\n")).unwrap();
    town.live.ok(&["apply", "till.yaml"]);
    // What `till` was built of says that it uses the client; nobody declared it.
    town.build("0.9.0");
    let register = ["artifact", "register", "0.9.0.tar.gz", "--service", "till", "--version", "0.9.0"];
    let digest = town.json(&register)["digest"].as_str().expect("an artifact has a digest").to_owned();
    let bill = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [
        {"type": "library", "name": "client", "version": "2.1.0", "purl": "pkg:npm/%40shop/client@2.1.0"},
        {"type": "library", "name": "left-pad", "version": "1.0.0", "purl": "pkg:npm/left-pad@1.0.0"},
    ]});
    fs::write(folder.path().join("till.cdx.json"), bill.to_string()).unwrap();
    town.live.ok(&["evidence", "attach", "till.cdx.json", "--subject", &digest]);
    town.build("1.0.0");
    town.live.ok(&["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal"]);
    let view = town.json(&["release", "show", "shop@1.0.0"]);
    assert_eq!(view["consumers"], json!({"apps": ["till"]}), "{view}");
    let told = town.live.ok(&["release", "show", "shop@1.0.0"]);
    assert!(told.contains("told    team apps, whose till depend on it"), "{told}");
}

/// A smoke test that asks `/smoke`, and somebody who is on call around the clock.
fn smoky(receiver: &Elsewhere, secret: &Path) -> String {
    let documents = [
        json!({"apiVersion": "shipway.dev/v1", "kind": "Pipeline", "metadata": {"name": "smoke"}, "spec": {
            "stages": [{"name": "smoke", "run": {"http": {"url": receiver.url("/smoke")}}}]}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Environment", "metadata": {"name": "staging"}, "spec": {
            "pipeline": "smoke", "targets": {"production": "true"}}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Calendar", "metadata": {"name": "rota"}, "spec": {"rules": [
            {"name": "always", "kind": "allow", "purpose": "on-call", "dtstart": "2020-01-01", "duration": "1d",
             "rrule": "FREQ=DAILY", "people": ["pia"]}]}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Channel", "metadata": {"name": "duty"}, "spec": {
            "url": receiver.url("/hook"), "secret": {"file": secret}, "tells": ["halt"]}}),
    ];
    documents.map(|it| it.to_string()).join("\n---\n")
}

#[test]
fn a_rollout_that_halts_calls_whoever_is_on_call_and_tells_whom_it_called() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &[]);
    let receiver = Elsewhere::start();
    receiver.answer("/smoke", 500, "");
    receiver.answer("/hook", 200, "");
    let secret = folder.path().join("secret");
    fs::write(&secret, "geheim\n").unwrap();
    fs::write(folder.path().join("smoky.yaml"), smoky(&receiver, &secret)).unwrap();
    town.live.ok(&["apply", "smoky.yaml"]);
    town.build("1.0.0");
    town.live.ok(&["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal"]);
    let started = town.json(&["rollout", "start", "shop@1.0.0", "--env", "staging"]);
    let rollout = started["id"].as_str().expect("a rollout has an id").to_owned();
    let told = || town.json(&["channel", "list"])[0]["nTold"].clone();
    until("somebody is called", || told() == 1);
    // Tried again it halts for the same reason: another halt, and another call.
    town.live.ok(&["rollout", "retry", &rollout]);
    until("somebody is called again", || told() == 2);
    let calls: Vec<Value> =
        receiver.asked().iter().filter(|it| it.0 == "POST /hook").map(|it| parse(&it.1)).collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    for call in &calls {
        assert_eq!((&call["type"], &call["data"]["rollout"]), (&json!("shipway.halt"), &json!(rollout)));
        assert_eq!(call["data"]["people"], json!(["pia"]));
        assert_eq!(call["data"]["teams"], json!({"shop": ["web"]}));
    }
    town.live.ok(&["rollout", "abort", &rollout, "--reason", "the smoke is real"]);
    let story = town.live.run(&["rollout", "watch", &rollout]).out;
    assert_eq!(story.matches("called through duty: pia").count(), 2, "{story}");
}
