//! Each kind of gate: what satisfies it, what does not, and that silence never does.

use serde_json::{Value, json};
use shipway_model::Digest;
use shipway_model::gate::Status;

use crate::scene::{Scene, artifact};

/// Every kind of gate with a plain rule.
fn every_kind() -> Vec<Value> {
    vec![
        json!({"tests": {}}),
        json!({"coverage": {"lines": 80}}),
        json!({"vulnerabilities": {}}),
        json!({"licences": {"allow": ["MIT"]}}),
        json!({"secrets": {}}),
        json!({"findings": {}}),
        json!({"mutation": {"score": 60}}),
        json!({"debt": {"maxIssues": 10}}),
        json!({"load": {"maxErrorRate": 1}}),
        json!({"statement": {"kind": "penetration-test"}}),
    ]
}

/// A document that satisfies all of them but the statement's.
fn good() -> Value {
    json!({
        "format": "trivy",
        "tests": {"total": 3, "passed": 3, "failed": 0, "errors": 0, "skipped": 0, "flaky": 0, "cases": []},
        "coverage": {"lines": {"covered": 90, "total": 100}, "files": []},
        "findings": [],
        "components": [{"name": "left-pad", "licenses": ["MIT"]}],
        "mutation": {"killed": 8, "survived": 2, "timeout": 0, "no_coverage": 0, "ignored": 0},
        "debt": {"issues": 3, "bugs": 0, "vulnerabilities": 0, "smells": 3},
        "load": {"requests": 1000, "errors": 1, "latency_ms": {}},
    })
}

#[test]
fn without_evidence_every_gate_is_missing_and_says_what_to_do() {
    for require in every_kind() {
        let requirement = Scene::new().ask(require.clone());
        assert_eq!(requirement.status, Status::Missing, "{require}");
        assert!(requirement.next.unwrap().starts_with("shipway evidence attach"), "{require}");
        assert_eq!(requirement.who.as_deref(), Some("team payments"));
    }
}

#[test]
fn good_evidence_satisfies_and_evidence_about_something_else_does_not_count() {
    let mut scene = Scene::new();
    scene.attach(good());
    let mut elsewhere = Scene::new();
    elsewhere.attach(good()).subject.insert(Digest::of(b"another release"));
    for require in every_kind().into_iter().filter(|it| it.get("statement").is_none()) {
        let requirement = scene.ask(require.clone());
        assert_eq!(requirement.status, Status::Satisfied, "{require}: {:?}", requirement.reasons);
        assert_eq!(requirement.evidence.len(), 1);
        let requirement = elsewhere.ask(require.clone());
        assert_eq!(requirement.status, Status::Missing, "{require}");
        assert!(requirement.reasons[1].contains("not in the release"), "{:?}", requirement.reasons);
    }
}

#[test]
fn old_evidence_and_the_makers_own_do_not_count_where_that_is_asked() {
    let mut scene = Scene::new();
    scene.attach(good()).by = "ci".to_owned();
    let gate = |extra: Value| {
        let mut gate = json!({"name": "gate", "require": {"tests": {}}});
        gate.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        gate
    };
    assert_eq!(scene.ask_gate(gate(json!({}))).status, Status::Satisfied);
    let own = scene.ask_gate(gate(json!({"independent": true})));
    assert_eq!(own.status, Status::Missing);
    assert!(own.reasons[1].contains("whoever sent it made the release"), "{:?}", own.reasons);
    scene.facts.evidence[0].at = "2026-05-01T00:00:00Z".parse().unwrap();
    assert_eq!(scene.ask_gate(gate(json!({"maxAge": "7d"}))).status, Status::Missing);
    assert_eq!(scene.ask_gate(gate(json!({"maxAge": "60d"}))).status, Status::Satisfied);
}

fn tests(passed: u64, failing: &[&str]) -> Value {
    let cases: Vec<Value> = failing
        .iter()
        .map(|name| json!({"suite": "unit", "name": name, "result": "failed", "message": "expected 3"}))
        .collect();
    let failed = failing.len() as u64;
    json!({"tests": {"total": passed + failed, "passed": passed, "failed": failed, "errors": 0, "skipped": 0, "flaky": 0, "cases": cases}})
}

#[test]
fn tests_count_by_rate_suite_and_novelty() {
    let mut scene = Scene::new();
    scene.attach(tests(999, &["adds"]));
    let all = scene.ask(json!({"tests": {}}));
    assert_eq!(all.status, Status::Failed, "999 of 1000 are not all");
    assert!(all.reasons[1].contains("unit › adds: expected 3"), "{:?}", all.reasons);
    assert_eq!(scene.status(json!({"tests": {"passRate": 99.9}})), Status::Satisfied);
    assert_eq!(scene.status(json!({"tests": {"passRate": 99.9, "suites": ["e2e"]}})), Status::Failed);
    let no_new = json!({"tests": {"passRate": 0, "noNewFailures": true}});
    assert_eq!(scene.status(no_new.clone()), Status::Failed);
    scene.attach_before(tests(998, &["adds"]));
    assert_eq!(scene.status(no_new), Status::Satisfied, "it failed before too");
    let mut empty = Scene::new();
    empty.attach(tests(0, &[]));
    assert_eq!(empty.status(json!({"tests": {}})), Status::Failed, "no test is no success");
}

#[test]
fn what_was_left_out_of_a_report_is_not_taken_for_good() {
    let cut = |normal: Value, part: &str, rule: Value| {
        let mut scene = Scene::new();
        let whole = scene.attach(normal.clone());
        whole.normal.as_mut().unwrap().created_at = Some("2026-06-01T00:00:00Z".to_owned());
        assert_eq!(scene.status(rule.clone()), Status::Satisfied, "{part} of a whole report");
        let mut omitted = normal;
        omitted["omitted"] = json!({part: 1});
        let mut scene = Scene::new();
        scene.attach(omitted);
        let found = scene.ask(rule);
        assert!(
            found.status == Status::Failed && found.reasons.concat().contains("than are kept"),
            "{part}: {found:?}"
        );
        assert_eq!(found.next, Some(format!("shipway evidence attach PART… --subject {}", artifact())));
    };
    let case = json!({"suite": "unit", "name": "adds", "result": "passed"});
    let tests = json!({"tests": {"total": 2, "passed": 2, "failed": 0, "errors": 0, "skipped": 0, "flaky": 0, "cases": [case]}});
    cut(tests.clone(), "tests.cases", json!({"tests": {"noNewFailures": true}}));
    cut(tests, "tests.cases", json!({"tests": {"suites": ["unit"]}}));
    let none = json!({"findings": [], "counts": {"critical": 0, "high": 0, "medium": 0, "low": 0, "none": 0, "unknown": 0, "suppressed": 0}});
    cut(none.clone(), "findings", json!({"vulnerabilities": {}}));
    cut(none, "findings", json!({"findings": {}}));
    let component = json!({"components": [{"name": "a", "version": "1.0.0", "licenses": ["MIT"]}]});
    cut(component.clone(), "components", json!({"licences": {"allow": ["MIT"]}}));
    cut(component, "components", json!({"versions": {"pinned": true}}));
    let changed = json!({
        "coverage": {"files": [{"path": "a.rs", "hits": {"1": 3}}]},
        "changes": [{"path": "a.rs", "lines": [{"first": 1, "last": 1}]}],
    });
    cut(changed.clone(), "coverage.files", json!({"coverage": {"changed": 50}}));
    cut(changed, "changes", json!({"coverage": {"changed": 50}}));
}

#[test]
fn what_was_counted_is_enough_for_gates_that_ask_for_no_more() {
    let check = |normal: Value, rule: Value, expect: Status| {
        let mut scene = Scene::new();
        scene.attach(normal);
        let found = scene.ask(rule);
        assert_eq!(found.status, expect, "{found:?}");
        found.reasons.concat()
    };
    let passed = json!({"total": 900_000, "passed": 900_000, "failed": 0, "errors": 0, "skipped": 0, "flaky": 0, "cases": []});
    let tests = json!({"tests": passed, "omitted": {"tests.cases": 900_000}});
    check(tests, json!({"tests": {"minTests": 900_000}}), Status::Satisfied);
    let lines = json!({"coverage": {"lines": {"covered": 9, "total": 10}, "files": []}, "omitted": {"coverage.files": 3}});
    check(lines, json!({"coverage": {"lines": 90}}), Status::Satisfied);

    // One of each is kept; of the lists that are cut, all else is only counted.
    let list = |counts: Value, omitted: u64| {
        let mut all = json!({"critical": 0, "high": 1, "medium": 0, "low": 1, "none": 0, "unknown": 0, "suppressed": 0});
        all.as_object_mut().unwrap().extend(counts.as_object().unwrap().clone());
        let finding = |severity: &str| json!({"id": "R1", "kind": "static", "severity": severity});
        json!({"findings": [finding("high"), finding("low")], "counts": all, "omitted": {"findings": omitted}})
    };
    let one = json!({"findings": {"severity": "high", "max": 1}});
    let harmless = list(json!({"low": 500, "suppressed": 70}), 569);
    let said = check(harmless.clone(), one.clone(), Status::Satisfied);
    assert!(said.contains("569 more findings than are kept, and by their severities none of them"), "{said}");
    let said = check(list(json!({"low": 500, "high": 4}), 502), one.clone(), Status::Failed);
    assert!(said.contains("502 more findings than are kept, 3 of which may block"), "{said}");
    check(list(json!({"low": 500, "high": 4}), 502), json!({"findings": {"max": 4}}), Status::Satisfied);
    check(list(json!({"low": 500}), 500), one.clone(), Status::Failed);
    let mut uncounted = harmless.clone();
    uncounted.as_object_mut().unwrap().remove("counts");
    check(uncounted, one, Status::Failed);

    // What is known to be exploited blocks however harmless the scanner calls it.
    let by_severity = json!({"vulnerabilities": {"knownExploited": false}});
    check(harmless.clone(), by_severity.clone(), Status::Satisfied);
    check(harmless.clone(), json!({"vulnerabilities": {}}), Status::Failed);
    check(harmless, json!({"vulnerabilities": {"knownExploited": false, "cvss": 9}}), Status::Failed);
    // The reader may have had no room to look up how grave it is.
    let unrated = list(json!({"unknown": 2}), 2);
    check(unrated.clone(), by_severity, Status::Failed);
    let trusting = json!({"vulnerabilities": {"knownExploited": false, "unknownBlocks": false}});
    check(unrated, trusting, Status::Failed);
    let set_aside = json!({"format": "trufflehog", "findings": [], "counts": {"critical": 0, "high": 0, "medium": 0, "low": 0, "none": 0, "unknown": 0, "suppressed": 9}, "omitted": {"findings": 9}});
    check(set_aside, json!({"secrets": {}}), Status::Satisfied);
}

#[test]
fn a_later_report_of_the_same_kind_takes_the_earlier_ones_place() {
    let mut scene = Scene::new();
    scene.attach(good());
    let rescan = scene.attach(json!({"format": "trivy", "findings": [{"id": "CVE-2026-1", "kind": "vulnerability", "severity": "critical"}]}));
    rescan.at = "2026-06-01T12:00:01Z".parse().unwrap();
    let requirement = scene.ask(json!({"vulnerabilities": {}}));
    assert_eq!(requirement.status, Status::Failed);
    assert_eq!(requirement.evidence.len(), 1, "only what was said last");
}

fn vulnerability(extra: Value) -> Value {
    let mut finding = json!({
        "id": "CVE-2026-1000",
        "aliases": ["GHSA-xxxx"],
        "kind": "vulnerability",
        "severity": "high",
        "cvss": {"version": "3.1", "score": 7.5},
        "package": {"purl": "pkg:npm/left-pad@1.0.0", "name": "left-pad", "version": "1.0.0", "fixed_in": ["1.0.1"]},
    });
    finding.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"findings": [finding]})
}

#[test]
fn vulnerabilities_block_by_severity_score_fix_reach_and_age() {
    let status = |finding: Value, rule: Value| {
        let mut scene = Scene::new();
        scene.attach(vulnerability(finding));
        scene.status(json!({ "vulnerabilities": rule }))
    };
    let (no, yes) = (Status::Failed, Status::Satisfied);
    assert_eq!(status(json!({}), json!({})), no);
    assert_eq!(status(json!({}), json!({"severity": "critical"})), yes);
    assert_eq!(status(json!({}), json!({"severity": "critical", "cvss": 7.5})), no);
    assert_eq!(status(json!({"severity": "low"}), json!({})), yes);
    assert_eq!(
        status(json!({"severity": "unknown", "cvss": null}), json!({})),
        no,
        "unrated is not harmless"
    );
    assert_eq!(status(json!({"severity": "unknown", "cvss": null}), json!({"unknownBlocks": false})), yes);
    assert_eq!(status(json!({"severity": "low", "known_exploited": true}), json!({})), no);
    assert_eq!(status(json!({"severity": "low", "epss": 0.6}), json!({"epss": 0.5})), no);
    assert_eq!(status(json!({"package": {"name": "x"}}), json!({"fixableOnly": true})), yes);
    assert_eq!(status(json!({"reachable": false}), json!({"reachableOnly": true})), yes);
    assert_eq!(status(json!({}), json!({"reachableOnly": true})), no, "not known to be unreachable");
    assert_eq!(status(json!({"published_at": "2026-05-30T00:00:00Z"}), json!({"grace": "7d"})), yes);
    assert_eq!(status(json!({"published_at": "2026-05-01T00:00:00Z"}), json!({"grace": "7d"})), no);
    assert_eq!(status(json!({}), json!({"grace": "7d"})), no, "an unknown age is no youth");
    assert_eq!(status(json!({"suppressed": true}), json!({})), yes);
    assert_eq!(status(json!({"vex": {"status": "not_affected"}}), json!({})), yes);
    assert_eq!(status(json!({"vex": {"status": "not_affected"}}), json!({"vex": false})), no);
    assert_eq!(status(json!({"vex": {"status": "under_investigation"}}), json!({})), no);
}

#[test]
fn a_vex_statement_clears_what_it_is_about_until_it_is_taken_back() {
    let mut scene = Scene::new();
    scene.attach(vulnerability(json!({})));
    let statement = |product: &str, status: &str| json!({"format": "openvex", "statements": [{"vulnerability": "GHSA-xxxx", "products": [product], "status": status}]});
    let gate = json!({"vulnerabilities": {}});
    scene.attach(statement("pkg:npm/other@1.0.0", "not_affected"));
    assert_eq!(scene.status(gate.clone()), Status::Failed, "it is about another package");
    scene.attach(statement("pkg:npm/left-pad", "not_affected")).file_name = Some("2".to_owned());
    assert_eq!(scene.status(gate.clone()), Status::Satisfied);
    scene.attach(statement("pkg:npm/left-pad@1.0.0", "affected")).file_name = Some("3".to_owned());
    assert_eq!(scene.status(gate), Status::Failed, "the latest word counts");
}

#[test]
fn waivers_cover_what_they_name_until_they_lapse() {
    let gate = json!({"vulnerabilities": {}});
    for (what, expect) in [
        (json!({}), Status::Waived),
        (json!({"finding": "CVE-2026-1000"}), Status::Waived),
        (json!({"finding": "GHSA-xxxx", "package": "left-pad"}), Status::Waived),
        (json!({"package": "pkg:npm/left-pad"}), Status::Waived),
        (json!({"finding": "CVE-2026-1001"}), Status::Failed),
        (json!({"finding": "CVE-2026-1000", "package": "right-pad"}), Status::Failed),
        (json!({"service": "web"}), Status::Failed),
        (json!({"policy": "another"}), Status::Failed),
        (json!({"expires": "2026-06-01T12:00:00Z"}), Status::Failed),
    ] {
        let mut scene = Scene::new();
        scene.attach(vulnerability(json!({})));
        scene.waive("gate", what.clone());
        let requirement = scene.ask(gate.clone());
        assert_eq!(requirement.status, expect, "{what}: {:?}", requirement.reasons);
        assert_eq!(requirement.waivers.len(), usize::from(expect == Status::Waived), "{what}");
    }
    let mut clean = Scene::new();
    clean.attach(good());
    clean.waive("gate", json!({}));
    assert_eq!(clean.status(gate), Status::Satisfied, "what is well needs no waiver");
}

#[test]
fn licences_are_read_as_expressions() {
    let status = |licenses: Value, rule: Value| {
        let mut scene = Scene::new();
        scene.attach(json!({"components": [{"name": "it", "licenses": licenses}]}));
        scene.status(json!({ "licences": rule }))
    };
    let allow = json!({"allow": ["MIT", "Apache-2.0"]});
    let (no, yes) = (Status::Failed, Status::Satisfied);
    assert_eq!(status(json!(["MIT"]), allow.clone()), yes);
    assert_eq!(status(json!(["GPL-3.0-only OR MIT"]), allow.clone()), yes, "one may choose");
    assert_eq!(status(json!(["GPL-3.0-only AND MIT"]), allow.clone()), no, "both apply");
    assert_eq!(status(json!(["MIT", "GPL-3.0-only"]), allow.clone()), no, "entries apply together");
    assert_eq!(status(json!([]), allow.clone()), no);
    assert_eq!(status(json!(["NOASSERTION"]), json!({"allow": ["MIT"], "unknownBlocks": false})), yes);
    assert_eq!(status(json!(["Our own licence"]), allow), no);
    let deny = json!({"deny": ["AGPL-3.0-only"]});
    assert_eq!(status(json!(["AGPL-3.0-only"]), deny.clone()), no);
    assert_eq!(status(json!(["ISC"]), deny), yes);
    let with = json!({"allow": ["GPL-2.0-only WITH Classpath-exception-2.0"]});
    assert_eq!(status(json!(["GPL-2.0-only WITH Classpath-exception-2.0"]), with.clone()), yes);
    assert_eq!(status(json!(["GPL-2.0-only"]), with), no);
}

#[test]
fn coverage_may_not_drop() {
    let mut scene = Scene::new();
    scene.attach(json!({"coverage": {"lines": {"covered": 79, "total": 100}, "files": []}}));
    assert_eq!(scene.status(json!({"coverage": {"lines": 79}})), Status::Satisfied);
    assert_eq!(scene.status(json!({"coverage": {"lines": 80}})), Status::Failed);
    assert_eq!(scene.status(json!({"coverage": {"branches": 1}})), Status::Failed, "silence is no coverage");
    assert_eq!(
        scene.status(json!({"coverage": {"maxDrop": 0}})),
        Status::Satisfied,
        "the first sets the mark"
    );
    scene.attach_before(json!({"coverage": {"lines": {"covered": 81, "total": 100}, "files": []}}));
    assert_eq!(scene.status(json!({"coverage": {"maxDrop": 2}})), Status::Satisfied);
    assert_eq!(scene.status(json!({"coverage": {"maxDrop": 1}})), Status::Failed);
}

#[test]
fn only_new_findings_block_where_that_is_asked() {
    let report = |line: u64| json!({"findings": [{"id": "S100", "kind": "static", "severity": "high", "location": {"file": "a.rs", "line": line}}]});
    let mut scene = Scene::new();
    scene.attach(report(12));
    assert_eq!(scene.status(json!({"findings": {}})), Status::Failed);
    assert_eq!(scene.status(json!({"findings": {"max": 1}})), Status::Satisfied);
    assert_eq!(scene.status(json!({"findings": {"onlyNew": true}})), Status::Failed);
    scene.attach_before(report(10));
    assert_eq!(scene.status(json!({"findings": {"onlyNew": true}})), Status::Satisfied, "it only moved");
}

#[test]
fn secrets_need_a_scan_for_secrets() {
    let mut scene = Scene::new();
    scene.attach(json!({"format": "grype", "findings": []}));
    assert_eq!(scene.status(json!({"secrets": {}})), Status::Missing, "no scan for secrets");
    scene.attach(json!({"format": "gitleaks", "findings": []}));
    assert_eq!(scene.status(json!({"secrets": {}})), Status::Satisfied);
    scene.attach(json!({"format": "trufflehog", "findings": [{"id": "aws-key", "kind": "secret", "severity": "unknown"}]}));
    assert_eq!(scene.status(json!({"secrets": {}})), Status::Failed);
}

#[test]
fn a_load_test_says_where_it_falls_short_of_production() {
    let load = json!({"load": {"requests": 20000, "errors": 0, "rps": 300, "latency_ms": {}}});
    let ask = |scale: Value, ran: Value, rule: Value| {
        let mut scene = Scene::new();
        scene.attach(load.clone()).ran = serde_json::from_value(ran).unwrap();
        scene.facts.surroundings.scale = serde_json::from_value(scale).unwrap();
        let found = scene.ask(json!({"load": rule}));
        assert_eq!(found.status, Status::Satisfied, "the canary finds out, and the release is not stopped");
        found.reasons[1..].join("; ")
    };
    let plain = || json!({"maxErrorRate": 1});
    let production =
        || json!({"data": {"orders": 1000, "customers": 10}, "requestsPerSecond": {"checkout": 500}});
    let ran = |orders: u64, customers: u64| json!({"environment": "staging", "data": {"orders": orders, "customers": customers}});
    assert_eq!(
        ask(production(), ran(500, 10), plain()),
        "",
        "half as much is like it, unless the rule says otherwise"
    );
    let short = ask(production(), ran(499, 10), plain());
    assert_eq!(
        short,
        "it ran over 499 of orders, and production has 1000: what shows only there is left to the canary"
    );
    assert_eq!(ask(production(), ran(499, 10), json!({"maxErrorRate": 1, "likeForLike": 30})), "");
    let slow = ask(json!({"requestsPerSecond": {"checkout": 601}}), Value::Null, plain());
    assert!(slow.starts_with("it made 300 requests a second, and production bears 601"), "{slow}");
    assert_eq!(
        ask(json!({"requestsPerSecond": {"web": 9000}}), Value::Null, plain()),
        "",
        "another service's load"
    );
    let untold = ask(production(), json!({"data": {"orders": 1000}}), plain());
    assert!(untold.starts_with("it is not told over how many of customers it ran"), "{untold}");
    assert!(ask(production(), Value::Null, plain()).contains("over how many of orders"));
    // Whoever wants a comparison is told that nothing is known, and whoever does not is not.
    assert_eq!(ask(json!({}), Value::Null, plain()), "");
    let undeclared = ask(json!({}), ran(1, 1), json!({"regression": {}}));
    assert!(undeclared.contains("production does not declare how much data it holds"), "{undeclared}");
    assert!(undeclared.contains("how many requests a second checkout bears"), "{undeclared}");
}

#[test]
fn a_load_test_is_compared_with_the_one_before() {
    let load = |errors: u64, times: f64, rps: f64| {
        let sample: Vec<f64> = (0..2000).map(|it| (20.0 + f64::from(it % 100)) * times).collect();
        json!({"load": {"requests": 20000, "errors": errors, "rps": rps, "latency_ms": {"p99": 119.0 * times}, "sample_ms": sample}})
    };
    let regression = json!({"load": {"regression": {}}});
    let ask = |now: Value, before: Value| {
        let mut scene = Scene::new();
        scene.attach(now);
        scene.attach_before(before);
        scene.ask(regression.clone())
    };
    assert_eq!(ask(load(20, 1.0, 200.0), load(20, 1.0, 200.0)).status, Status::Satisfied);
    assert_eq!(ask(load(200, 1.0, 200.0), load(20, 1.0, 200.0)).status, Status::Failed);
    assert_eq!(ask(load(20, 1.5, 200.0), load(20, 1.0, 200.0)).status, Status::Failed);
    assert_eq!(
        ask(load(20, 0.5, 200.0), load(20, 1.0, 200.0)).status,
        Status::Satisfied,
        "faster is no harm"
    );
    let weak = ask(load(20, 1.0, 20.0), load(20, 1.0, 200.0));
    assert!(weak.reasons.iter().any(|it| it.contains("left to the canary")), "{:?}", weak.reasons);
    let mut alone = Scene::new();
    alone.attach(load(20, 1.0, 200.0));
    assert_eq!(alone.status(json!({"load": {"maxP99": "100ms"}})), Status::Failed);
    assert_eq!(alone.status(json!({"load": {"maxP95": "1s"}})), Status::Failed, "it does not say");
    assert_eq!(alone.status(json!({"load": {"minRequests": 20001}})), Status::Failed);
}

#[test]
fn documents_and_statements() {
    let mut scene = Scene::new();
    let documents = |all: &[&str]| {
        let requirement = scene_ask(&Scene::new(), json!({"documents": {"all": all}}));
        (requirement.status, requirement.next)
    };
    assert_eq!(documents(&["runbook"]).0, Status::Satisfied);
    let (status, next) = documents(&["runbook", "rollback-package"]);
    assert_eq!(status, Status::Missing);
    assert!(next.unwrap().contains("--document rollback-package=FILE"));

    let stated = scene.attach(json!({}));
    stated.normal = None;
    stated.statement = Some(
        serde_json::from_value(json!({"kind": "penetration-test", "issuer": "Red Team", "scope": "all", "expires": "2026-07-01T00:00:00Z"})).unwrap(),
    );
    assert_eq!(stated.subject, [artifact()].into());
    let gate = json!({"statement": {"kind": "penetration-test"}});
    assert_eq!(scene.status(gate.clone()), Status::Satisfied);
    assert_eq!(scene.status(json!({"statement": {"kind": "dr-drill"}})), Status::Missing);
    assert_eq!(
        scene.status(json!({"statement": {"kind": "penetration-test", "issuers": ["Blue Team"]}})),
        Status::Missing
    );
    scene.facts.at = "2026-07-01T00:00:00Z".parse().unwrap();
    assert_eq!(scene.status(gate), Status::Missing, "it has expired");
}

fn scene_ask(scene: &Scene, require: Value) -> shipway_model::gate::Requirement {
    scene.ask(require)
}

#[test]
fn changed_lines_count_apart_from_the_rest_and_need_a_diff() {
    let rule = json!({"coverage": {"changed": 80}});
    let file =
        |path: &str, hits: Value| json!({"path": path, "lines": {"covered": 2, "total": 4}, "hits": hits});
    let report = |hits: Value| json!({"coverage": {"lines": {"covered": 2, "total": 4}, "files": [file("/ci/shop/src/cart.rs", hits)]}});
    let diff = json!({"changes": [
        {"path": "src/cart.rs", "lines": [{"first": 2, "last": 4}]},
        {"path": "README.md", "lines": [{"first": 1, "last": 90}]},
    ]});
    let mut scene = Scene::new();
    scene.attach(report(json!({"1": 0, "2": 5, "3": 1, "9": 0})));
    let none = scene.ask(rule.clone());
    assert_eq!(none.status, Status::Missing);
    assert!(none.reasons[0].contains("diff of what has changed"), "{:?}", none.reasons);
    scene.attach(diff.clone());
    let good = scene.ask(rule.clone());
    assert_eq!((good.status, good.evidence.len()), (Status::Satisfied, 2), "{:?}", good.reasons);

    let mut bad = Scene::new();
    bad.attach(report(json!({"1": 9, "2": 0, "3": 1, "4": 0})));
    bad.attach(diff.clone());
    let bad = bad.ask(rule.clone());
    assert_eq!(bad.status, Status::Failed);
    assert!(bad.reasons[0].starts_with("1 of 3 changed lines"), "{:?}", bad.reasons);

    let mut blind = Scene::new();
    blind.attach(report(json!({})));
    blind.attach(diff);
    assert_eq!(blind.status(rule), Status::Failed, "totals say nothing of single lines");
}

#[test]
fn evidence_counts_only_from_those_who_may_send_its_kind() {
    let mut scene = Scene::new();
    scene.attach(good()).by = "laptop".to_owned();
    let policy = |senders: Value| -> shipway_model::resource::Policy {
        let gates = json!([
            {"name": "unit", "require": {"tests": {}}}, {"name": "cover", "require": {"coverage": {"lines": 80}}},
        ]);
        serde_json::from_value(json!({"gates": gates, "senders": senders})).unwrap()
    };
    let ask = |senders: Value| {
        let policies = [("p".parse().unwrap(), policy(senders))].into();
        shipway_policy::decide(&policies, &scene.facts).requirements
    };
    assert!(ask(json!({})).iter().all(|it| it.status == Status::Satisfied));
    let asked = ask(json!({"tests": ["ci"], "coverage": ["laptop"]}));
    assert_eq!([asked[0].status, asked[1].status], [Status::Missing, Status::Satisfied]);
    assert!(asked[0].reasons[1].contains("may not send test reports"), "{:?}", asked[0].reasons);
}

#[test]
fn a_waived_requirement_stands_until_the_waiver_lapses_and_names_nobody() {
    let mut scene = Scene::new();
    scene.waive("gate", json!({}));
    let waived = scene.ask(json!({"tests": {}}));
    assert_eq!(waived.status, Status::Waived);
    assert_eq!(waived.until, Some("2026-07-01T00:00:00Z".parse().unwrap()));
    let told = waived.reasons.join(" ");
    assert!(!told.contains("grace") && !told.contains("ada"), "{told}");
}

#[test]
fn reasons_carry_nothing_that_steers_a_terminal() {
    let mut scene = Scene::new();
    let case = json!({"suite": "unit", "name": "a\u{1b}[2J", "result": "failed", "message": "x\u{7}"});
    scene.attach(json!({
        "tests": {"total": 1, "passed": 0, "failed": 1, "errors": 0, "skipped": 0, "flaky": 0, "cases": [case]},
    }));
    let failed = scene.ask(json!({"tests": {}}));
    assert!(failed.reasons.iter().all(|it| !it.chars().any(char::is_control)), "{:?}", failed.reasons);
}

#[test]
fn what_became_known_after_the_scan_counts_and_replaces_no_scan() {
    let later = |extra: Value| {
        let mut finding = json!({
            "id": "CVE-2026-9", "aliases": ["GHSA-9"], "kind": "vulnerability", "severity": "high",
            "package": {"name": "qs", "version": "6.7.0"},
        });
        finding.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"format": "knowledge", "tool": "shipway", "findings": [finding]})
    };
    let rule = json!({"vulnerabilities": {"epss": 0.5}});
    let mut scene = Scene::new();
    scene.attach(later(json!({}))).by = "shipway".to_owned();
    assert_eq!(scene.status(rule.clone()), Status::Missing, "it is no scan");
    scene.attach(json!({"tool": "trivy", "findings": []}));
    let found = scene.ask(rule.clone());
    assert_eq!((found.status, found.evidence.len()), (Status::Failed, 2), "{:?}", found.reasons);
    assert!(found.reasons[0].contains("CVE-2026-9 in qs 6.7.0"), "{:?}", found.reasons);
    scene.facts.evidence[0].by = "scanner".to_owned();
    assert_eq!(scene.status(rule.clone()), Status::Satisfied, "nobody else makes such documents");

    // A scan that found it too keeps its own word on it, but for predictions and exploitation.
    let mut scene = Scene::new();
    let scanned = json!({
        "id": "GHSA-9", "kind": "vulnerability", "severity": "low", "package": {"name": "qs", "version": "6.7.0"},
    });
    scene.attach(json!({"tool": "trivy", "findings": [scanned]}));
    scene.attach(later(json!({}))).by = "shipway".to_owned();
    assert_eq!(scene.status(rule.clone()), Status::Satisfied);
    scene.facts.evidence.pop();
    scene.attach(later(json!({"epss": 0.9}))).by = "shipway".to_owned();
    assert_eq!(scene.status(rule.clone()), Status::Failed);
    scene.facts.evidence.pop();
    scene.attach(later(json!({"known_exploited": true}))).by = "shipway".to_owned();
    assert_eq!(scene.status(rule), Status::Failed);
}

#[test]
fn known_errors_need_another_word_an_end_ahead_and_are_not_dropped() {
    let mut scene = Scene::new();
    let asked = |scene: &Scene, extra: Value| scene.ask(json!({"known-errors": extra}));
    assert_eq!(asked(&scene, json!({})).status, Status::Satisfied);
    let error = json!({
        "error": {
            "defect": "slow", "owner": "search", "mitigation": "none", "monitor": "alert",
            "expires": "2026-07-01T00:00:00Z",
        },
    });
    scene.facts.known_errors.insert("slow-search".parse().unwrap(), serde_json::from_value(error).unwrap());
    let found = asked(&scene, json!({}));
    assert_eq!(found.next.as_deref(), Some("shipway release accept shop@1.1.0"));
    assert!(found.status == Status::Failed && found.reasons[0].contains("slow-search, of team search"));
    scene.facts.known_errors.values_mut().for_each(|it| it.accepted_by = Some("bo".to_owned()));
    let found = asked(&scene, json!({}));
    assert_eq!(
        (found.status, found.until),
        (Status::Satisfied, Some("2026-07-01T00:00:00Z".parse().unwrap()))
    );
    assert_eq!(asked(&scene, json!({"max": 0})).status, Status::Failed);
    scene.facts.dropped_errors.insert("double-mail".parse().unwrap());
    assert_eq!(asked(&scene, json!({})).status, Status::Failed);
    assert_eq!(asked(&scene, json!({"mayDrop": true})).status, Status::Satisfied);
    scene.facts.at = "2026-07-01T00:00:00Z".parse().unwrap();
    assert!(asked(&scene, json!({"mayDrop": true})).reasons[0].contains("only until 2026-07-01"));
}
