//! The gates over tests that disagree, versions, likeness of environments, monitoring, readiness and the way back.

use serde_json::{Value, json};
use shipway_model::Digest;
use shipway_model::gate::Status;
use shipway_model::release::{ROWS_BEFORE, ROWS_WRITTEN, rehearsal_suite};

use crate::scene::{Scene, artifact};

fn report(cases: &[(&str, &str)]) -> Value {
    let count = |result: &str| cases.iter().filter(|it| it.1 == result).count();
    let all: Vec<Value> =
        cases.iter().map(|(name, result)| json!({"suite": "unit", "name": name, "result": result})).collect();
    json!({"tests": {
        "total": cases.len(), "passed": count("passed"), "failed": count("failed"), "errors": 0,
        "skipped": count("skipped"), "flaky": 0, "cases": all,
    }})
}

fn set_aside(scene: &mut Scene, test: &str, until: &str, by: &str) {
    let quarantined = json!({
        "id": "qua_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
        "quarantine": {"service": "checkout", "test": test, "reason": "slow", "owner": "payments", "until": until},
        "by": by,
    });
    scene.facts.quarantines.push(serde_json::from_value(quarantined).unwrap());
}

#[test]
fn a_quarantine_hides_a_failure_until_its_day_and_says_so() {
    let mut scene = Scene::new();
    scene.attach(report(&[("adds", "passed"), ("moody", "failed")]));
    assert_eq!(scene.status(json!({"tests": {}})), Status::Failed);
    set_aside(&mut scene, "moody", "2026-06-08T00:00:00Z", "grace");
    let heeded = scene.ask(json!({"tests": {}}));
    assert_eq!(heeded.status, Status::Satisfied, "{:?}", heeded.reasons);
    assert!(
        heeded.reasons[1].contains("moody failed, in quarantine until 2026-06-08"),
        "{:?}",
        heeded.reasons
    );
    assert_eq!(heeded.until.unwrap().to_string(), "2026-06-08T00:00:00Z", "then it is asked again");
    assert_eq!(scene.status(json!({"tests": {"heedQuarantine": false}})), Status::Failed);
    scene.facts.at = "2026-06-08T00:00:00Z".parse().unwrap();
    assert_eq!(scene.status(json!({"tests": {}})), Status::Failed, "a lapsed one blocks");
}

#[test]
fn nothing_but_quarantined_tests_is_too_few_tests() {
    let mut scene = Scene::new();
    scene.attach(report(&[("moody", "failed")]));
    set_aside(&mut scene, "moody", "2026-06-08T00:00:00Z", "grace");
    assert_eq!(scene.status(json!({"tests": {}})), Status::Failed);
}

#[test]
fn makers_do_not_set_tests_aside_where_independence_is_asked() {
    let mut scene = Scene::new();
    scene.attach(report(&[("adds", "passed"), ("moody", "failed")]));
    set_aside(&mut scene, "moody", "2026-06-08T00:00:00Z", "ada");
    let gate = json!({"name": "gate", "require": {"tests": {}}, "independent": true});
    assert_eq!(scene.ask_gate(gate.clone()).status, Status::Failed);
    scene.facts.quarantines[0].by = "grace".to_owned();
    assert_eq!(scene.ask_gate(gate).status, Status::Satisfied);
}

#[test]
fn a_test_that_disagrees_with_itself_is_flaky_until_it_is_set_aside() {
    let mut scene = Scene::new();
    assert_eq!(scene.status(json!({"flakiness": {}})), Status::Missing);
    scene.attach(report(&[("moody", "failed"), ("broken", "failed")]));
    assert_eq!(scene.status(json!({"flakiness": {}})), Status::Satisfied, "one run disagrees with nothing");
    scene.attach(report(&[("moody", "passed"), ("broken", "failed")]));
    let flaky = scene.ask(json!({"flakiness": {}}));
    assert_eq!(flaky.status, Status::Failed);
    assert!(
        flaky.reasons[1].starts_with("unit › moody disagreed with itself in 1 of 2"),
        "{:?}",
        flaky.reasons
    );
    assert_eq!(scene.status(json!({"flakiness": {"max": 1}})), Status::Satisfied);
    assert_eq!(scene.status(json!({"flakiness": {"confidence": 0.99}})), Status::Satisfied, "98 % sure");
    set_aside(&mut scene, "moody", "2026-06-08T00:00:00Z", "grace");
    let heeded = scene.ask(json!({"flakiness": {}}));
    assert!(heeded.status == Status::Satisfied && heeded.until.is_some(), "{heeded:?}");
}

fn bill(components: &[(&str, &str)]) -> Value {
    let all: Vec<Value> = components
        .iter()
        .map(|(name, version)| json!({"name": name, "version": version, "purl": format!("pkg:npm/{name}@{version}")}))
        .collect();
    json!({"format": "cyclonedx", "components": all})
}

#[test]
fn versions_are_semantic_pinned_and_rise() {
    let mut scene = Scene::new();
    assert_eq!(scene.status(json!({"versions": {}})), Status::Missing, "silence is no version");
    scene.attach(bill(&[("react", "18.2.0"), ("left-pad", "^1.0.0"), ("lodash", "")]));
    let found = scene.ask(json!({"versions": {}}));
    assert_eq!(found.status, Status::Failed);
    assert_eq!(found.reasons, ["left-pad ^1.0.0 is not one exact version", "lodash has no version"]);
    assert_eq!(scene.status(json!({"versions": {"pinned": false}})), Status::Satisfied);
    let service = scene.facts.services.values_mut().next().unwrap();
    service.version = "0.9.0".parse().unwrap();
    assert!(
        scene.ask(json!({"versions": {"pinned": false}})).reasons[0].contains("is below 1.0.0, which runs")
    );
    scene.facts.services.values_mut().next().unwrap().version = "2026_11".parse().unwrap();
    assert!(scene.ask(json!({"versions": {"pinned": false}})).reasons[0].contains("not a semantic version"));
}

#[test]
fn deprecated_components_are_told_before_their_day_and_stop_from_then_on() {
    let mut scene = Scene::new();
    scene.attach(bill(&[("react", "17.0.2")]));
    let rule = |from: &str| {
        json!({"versions": {"deprecated": [
            {"component": "pkg:npm/react", "below": "18.0.0", "from": from, "reason": "take 18"},
        ]}})
    };
    let early = scene.ask(rule("2026-09-01T00:00:00Z"));
    assert!(
        early.status == Status::Satisfied && early.reasons[1].contains("from 2026-09-01 on: take 18"),
        "{early:?}"
    );
    assert_eq!(early.until.unwrap().to_string(), "2026-09-01T00:00:00Z");
    assert_eq!(scene.status(rule("2026-06-01T12:00:00Z")), Status::Failed);
    scene.attach(bill(&[("react", "18.0.0")]));
    assert_eq!(scene.status(rule("2026-06-01T12:00:00Z")), Status::Satisfied, "the latest bill counts");
}

#[test]
fn shared_libraries_have_one_version_across_the_release() {
    let mut scene = Scene::new();
    scene.attach(bill(&[("react", "18.2.0"), ("own", "1.0.0")]));
    let mut other = scene.facts.services.values().next().unwrap().clone();
    other.artifacts = [Digest::of(b"web 1.1.0")].into();
    scene.facts.services.insert("web".parse().unwrap(), other);
    let evidence = scene.attach(bill(&[("react", "18.1.0"), ("own", "2.0.0")]));
    evidence.subject = [Digest::of(b"web 1.1.0")].into();
    evidence.services = ["web".parse().unwrap()].into();
    let gate =
        json!({"name": "gate", "services": ["checkout"], "require": {"versions": {"aligned": ["react"]}}});
    let found = scene.ask_gate(gate);
    assert_eq!(found.reasons, ["pkg:npm/react is 18.2.0 here and 18.1.0 in web"]);
}

#[test]
fn environments_that_differ_stop_a_release_unless_that_is_accepted() {
    let mut scene = Scene::new();
    assert_eq!(scene.status(json!({"parity": {}})), Status::Missing);
    let comparison = json!({"with": "staging", "differences": [
        {"name": "capacity/targets", "there": "1", "here": "3"},
        {"name": "settings/checkout/LEVEL", "there": "debug"},
    ]});
    scene.facts.surroundings.parity = Some(serde_json::from_value(comparison).unwrap());
    let found = scene.ask(json!({"parity": {"ignore": ["capacity/*"]}}));
    assert_eq!(found.reasons, ["settings/checkout/LEVEL: debug in staging, absent in production"]);
    scene.waive("gate", json!({"finding": "settings/checkout/LEVEL"}));
    let waived = scene.ask(json!({"parity": {"ignore": ["capacity/*"]}}));
    assert!(
        waived.status == Status::Waived && waived.waivers.len() == 1 && waived.until.is_some(),
        "{waived:?}"
    );
    assert_eq!(scene.status(json!({"parity": {}})), Status::Failed, "another difference is not waived");
}

fn watched(dashboards: &[&str], alerts: &[&str], traces: &[&str]) -> Value {
    let of = |covers: &[&str]| -> Vec<Value> {
        if covers.is_empty() { Vec::new() } else { vec![json!({"name": "x", "covers": covers})] }
    };
    json!({"dashboards": of(dashboards), "alerts": of(alerts), "traces": of(traces)})
}

fn interface(paths: &[&str]) -> Value {
    let paths: serde_json::Map<String, Value> =
        paths.iter().map(|it| ((*it).to_owned(), json!({"get": {}}))).collect();
    let document = json!({"openapi": "3.0.3", "info": {"title": "shop", "version": "1"}, "paths": paths});
    json!({"format": "contract", "contracts": [{"openapi": {"title": "shop", "version": "1", "document": document}}]})
}

#[test]
fn a_new_route_without_alert_is_found_before_release() {
    let mut scene = Scene::new();
    assert_eq!(scene.status(json!({"monitoring": {}})), Status::Missing, "nothing is declared");
    let declare = |scene: &mut Scene, monitoring: Value| {
        scene.facts.services.values_mut().next().unwrap().monitoring =
            Some(serde_json::from_value(monitoring).unwrap());
    };
    declare(&mut scene, watched(&["/"], &["/orders"], &["/"]));
    assert_eq!(scene.status(json!({"monitoring": {}})), Status::Missing, "no contract names routes");
    assert_eq!(scene.status(json!({"monitoring": {"routes": false}})), Status::Satisfied);
    scene.attach_before(interface(&["/orders/{id}"]));
    scene.attach(interface(&["/orders/{id}", "/ordersheet", "/pay"]));
    let found = scene.ask(json!({"monitoring": {}}));
    assert_eq!(
        found.reasons,
        ["/ordersheet, which is new, has no alert", "/pay, which is new, has no alert"],
        "a prefix ends at a segment"
    );
    declare(&mut scene, watched(&["/"], &["/"], &[]));
    assert_eq!(scene.ask(json!({"monitoring": {}})).reasons, ["checkout declares no traces"]);
    assert_eq!(scene.status(json!({"monitoring": {"traces": false}})), Status::Satisfied);
}

#[test]
fn a_declared_alert_must_be_loaded_somewhere() {
    let mut scene = Scene::new();
    let alerts = json!({"alerts": [{"name": "CheckoutErrors"}, {"name": "CheckoutSlow"}]});
    scene.facts.services.values_mut().next().unwrap().monitoring =
        Some(serde_json::from_value(alerts).unwrap());
    let rule = json!({"monitoring": {"dashboards": false, "traces": false, "routes": false, "loaded": true}});
    let open = scene.ask(rule.clone());
    assert!(open.reasons[0].contains("has no Prometheus"), "nobody was asked: {open:?}");
    let mut load = |rules: Value| {
        scene.facts.surroundings.alert_rules = serde_json::from_value(rules).unwrap();
        scene.ask(rule.clone())
    };
    let found =
        load(json!({"main": {"alerts": ["CheckoutErrors"]}, "other": {"fault": "it did not answer"}}));
    assert_eq!(found.status, Status::Failed);
    assert_eq!(
        found.reasons,
        [
            "other does not say which alerts are loaded: it did not answer",
            "the alert CheckoutSlow is declared, and not loaded in main, other",
        ]
    );
    let both = ["CheckoutErrors", "CheckoutSlow"];
    let found = load(json!({"main": {"alerts": both, "failing": {"CheckoutSlow": "many-to-many"}}}));
    assert_eq!(found.reasons, ["main cannot evaluate CheckoutSlow: many-to-many"]);
    let found = load(json!({"main": {"alerts": both[..1]}, "other": {"alerts": both}}));
    assert_eq!(found.status, Status::Satisfied, "{found:?}");
}

#[test]
fn a_declared_dashboard_must_be_in_grafana_where_there_is_one() {
    let mut scene = Scene::new();
    let (overview, orders) = ("https://grafana.example/d/overview", "https://grafana.example/d/orders");
    let dashboards = json!({"dashboards": [{"name": overview}, {"name": orders}]});
    scene.facts.services.values_mut().next().unwrap().monitoring =
        Some(serde_json::from_value(dashboards).unwrap());
    let rule = json!({"monitoring": {"alerts": false, "traces": false, "routes": false, "loaded": true}});
    assert_eq!(scene.status(rule.clone()), Status::Satisfied, "the environment names no Grafana");
    let mut ask = |seen: Value| {
        scene.facts.surroundings.dashboards = Some(serde_json::from_value(seen).unwrap());
        scene.ask(rule.clone())
    };
    assert_eq!(ask(json!({"there": [overview, orders]})).status, Status::Satisfied);
    let found = ask(json!({"there": [overview]}));
    assert_eq!(found.status, Status::Failed);
    assert_eq!(found.reasons, [format!("the dashboard {orders} is declared, and Grafana has none such")]);
    let found = ask(json!({"fault": "it did not answer"}));
    assert_eq!(found.reasons, ["Grafana does not say which dashboards there are: it did not answer"]);
}

#[test]
fn a_release_is_ready_when_every_item_of_the_list_is() {
    let mut scene = Scene::new();
    let rule = json!({"readiness": {
        "runbook": ["Rollback", "Contacts"], "thresholds": true, "vendors": true, "statements": ["backup-restored"],
    }});
    let open = scene.ask(rule.clone());
    assert_eq!(open.status, Status::Missing);
    assert_eq!(open.reasons[..2], ["the release was sealed without: runbook", "checkout declares no alert"]);
    assert!(open.reasons[2].contains("no backup-restored") && open.next.is_some(), "{open:?}");
    let content = json!({"digest": Digest::of(b"runbook"), "headings": ["rollback "]});
    scene
        .facts
        .contents
        .insert(shipway_model::release::Document::Runbook, serde_json::from_value(content).unwrap());
    let service = scene.facts.services.values_mut().next().unwrap();
    let alerts = json!({"alerts": [{"name": "Errors"}, {"name": "Slow", "threshold": "p99 > 1s"}]});
    service.monitoring = Some(serde_json::from_value(alerts).unwrap());
    service.vendors.insert("bank".parse().unwrap(), false);
    let open = scene.ask(rule.clone());
    assert_eq!(
        open.reasons[..3],
        [
            "the runbook says nothing under `Contacts`",
            "the alert Errors has no threshold",
            "the vendor bank is declared without a contact",
        ]
    );
    let content = json!({"digest": Digest::of(b"runbook"), "headings": ["Rollback", "Contacts"]});
    scene
        .facts
        .contents
        .insert(shipway_model::release::Document::Runbook, serde_json::from_value(content).unwrap());
    let service = scene.facts.services.values_mut().next().unwrap();
    service.monitoring.as_mut().unwrap().alerts[0].threshold = Some("errors > 1 %".to_owned());
    service.vendors.insert("bank".parse().unwrap(), true);
    let evidence = scene.attach(json!({"format": "statement"}));
    let word = json!({
        "kind": "backup-restored", "issuer": "ops", "scope": "checkout", "expires": "2026-07-01T00:00:00Z",
    });
    evidence.statement = Some(serde_json::from_value(word).unwrap());
    evidence.normal = None;
    let ready = scene.ask(rule);
    assert!(ready.status == Status::Satisfied && ready.reasons.len() == 4, "{ready:?}");
}

#[test]
fn a_rollback_package_names_the_builds_that_run() {
    let mut scene = Scene::new();
    scene.facts.documents.insert(shipway_model::release::Document::RollbackPackage);
    let rule = json!({"documents": {"all": ["rollback-package"], "rollbackFits": true}});
    assert_eq!(scene.status(json!({"documents": {"all": ["rollback-package"]}})), Status::Satisfied);
    assert_eq!(scene.status(rule.clone()), Status::Missing, "nobody read it");
    let mut hold = |rollback: Value| {
        let mut content = json!({"digest": Digest::of(b"package")});
        content.as_object_mut().unwrap().extend(rollback.as_object().unwrap().clone());
        let kind = shipway_model::release::Document::RollbackPackage;
        scene.facts.contents.insert(kind, serde_json::from_value(content).unwrap());
        scene.ask(rule.clone())
    };
    assert!(hold(json!({"fault": "line 1: no"})).reasons[0].contains("cannot be read: line 1: no"));
    assert!(hold(json!({"rollback": {"services": {}}})).reasons[0].contains("does not name checkout"));
    let part = |version: &str, artifact: Digest| json!({"rollback": {"services": {"checkout": {"version": version, "artifact": artifact}}}});
    assert!(
        hold(part("0.9.0", artifact())).reasons[0].contains("goes back to checkout 0.9.0, and 1.0.0 runs")
    );
    assert!(hold(part("1.0.0", artifact())).reasons[0].contains("of checkout 1.0.0, and sha256:"));
    let good = hold(part("1.0.0", Digest::of(b"checkout 1.0.0")));
    assert_eq!(good.status, Status::Satisfied, "{good:?}");
}

#[test]
fn a_way_back_counts_once_it_was_tried_with_this_very_package() {
    let mut scene = Scene::new();
    let kind = shipway_model::release::Document::RollbackPackage;
    scene.facts.documents.insert(kind);
    let content = json!({"digest": Digest::of(b"package"), "rollback": {"services": {}}});
    scene.facts.contents.insert(kind, serde_json::from_value(content).unwrap());
    let rule = json!({"documents": {"all": ["rollback-package"], "rollbackTried": true}});
    let report = |package: &[u8], cases: &[(&str, &str)]| {
        let suite = rehearsal_suite(&Digest::of(package));
        let case = |(name, result): &(&str, &str)| json!({"suite": suite, "name": name, "result": result, "message": "row 3 is gone"});
        let cases: Vec<Value> = cases.iter().map(case).collect();
        let n = cases.len();
        json!({"format": "junit", "tests": {
            "total": n, "passed": n, "failed": 0, "errors": 0, "skipped": 0, "flaky": 0, "cases": cases,
        }})
    };
    let whole = [("before 1", "passed"), (ROWS_BEFORE, "passed"), (ROWS_WRITTEN, "passed")];
    assert_eq!(scene.status(rule.clone()), Status::Missing);
    scene.attach(report(b"another package", &whole));
    assert_eq!(scene.status(rule.clone()), Status::Missing, "it says nothing of this package");
    scene.attach(report(b"package", &whole[..2]));
    let found = scene.ask(rule.clone());
    assert!(found.reasons[0].contains(ROWS_WRITTEN), "half a rehearsal: {found:?}");
    scene.attach(report(b"package", &[(ROWS_BEFORE, "passed"), (ROWS_WRITTEN, "failed")]));
    assert_eq!(scene.ask(rule.clone()).reasons, [format!("{ROWS_WRITTEN}: row 3 is gone")]);
    scene.attach(report(b"package", &whole));
    let found = scene.ask(rule.clone());
    assert!(found.status == Status::Satisfied && found.evidence.len() == 1, "{found:?}");
    // Whoever made the release has tried it themselves.
    scene.facts.makers.insert("scanner".to_owned());
    let gate = json!({"name": "gate", "independent": true, "require": rule});
    assert_eq!(scene.ask_gate(gate).status, Status::Missing);
}
