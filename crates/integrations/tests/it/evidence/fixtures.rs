//! What the fixtures say, number by number.

use serde_json::{Value, json};
use shipway_integrations::evidence::{self, Source};

use super::folder;

/// Compares some fields, by their JSON pointers.
#[track_caller]
fn check(path: &str, expect: &[(&str, Value)]) {
    let bytes = std::fs::read(folder().join(path)).unwrap();
    let normal = evidence::read(Source::new(&mut bytes.as_slice()), Some(path), None).unwrap();
    let value = serde_json::to_value(normal).unwrap();
    for (pointer, expect) in expect {
        assert_eq!(value.pointer(pointer).unwrap_or(&Value::Null), expect, "{path}: {pointer}");
    }
}

/// Total, passed, failed, errors, skipped, flaky.
#[track_caller]
fn check_tests(path: &str, expect: [u64; 6]) {
    let names = ["total", "passed", "failed", "errors", "skipped", "flaky"];
    let pointers: Vec<String> = names.iter().map(|it| format!("/tests/{it}")).collect();
    let pairs: Vec<_> = pointers.iter().map(String::as_str).zip(expect.map(Value::from)).collect();
    check(path, &pairs);
}

#[test]
fn tests_are_counted() {
    check_tests("junit/pytest.xml", [8, 4, 1, 1, 2, 0]);
    check_tests("junit/jest.xml", [3, 1, 1, 0, 1, 0]);
    check_tests("junit/vitest.xml", [4, 2, 1, 0, 1, 0]);
    check_tests("junit/nextest.xml", [3, 2, 1, 0, 0, 1]);
    check_tests("junit/junit-platform.xml", [6, 3, 1, 1, 1, 0]);
    check_tests("junit/surefire-latin-1.xml", [3, 2, 0, 1, 0, 1]);
    check_tests("junit/surefire-reruns.xml", [6, 2, 1, 1, 2, 1]);
    check("junit/surefire-reruns.xml", &[("/remarks", Value::Null)]);
    // Both leave something out of their cases and count it in their attributes: tests that were skipped, a package that did not build.
    check_tests("junit/ant.xml", [6, 1, 2, 1, 2, 0]);
    check_tests("junit/mocha.xml", [6, 2, 2, 0, 2, 0]);
    check_tests("junit/gotestsum.xml", [7, 2, 3, 1, 1, 0]);
    check_tests("junit/gotestsum-reruns.xml", [6, 3, 2, 0, 1, 1]);
    check_tests("junit/playwright.xml", [5, 2, 1, 0, 2, 0]);
    check_tests("junit/node-test.xml", [5, 2, 1, 0, 2, 0]);
    check_tests("junit/utf-16.xml", [2, 1, 1, 0, 0, 0]);
    check_tests("junit/gradle-retry.xml", [2, 2, 0, 0, 0, 1]);
    check_tests("junit/go-junit-report.xml", [2, 1, 0, 0, 1, 0]);
    check(
        "junit/surefire-latin-1.xml",
        &[("/tests/cases/0/name", json!("größe")), ("/tool", json!("maven-surefire"))],
    );
    check("junit/utf-16.xml", &[("/tests/cases/1/message", json!("erwartet 3, war 4 – schade"))]);
}

#[test]
fn coverage_is_counted() {
    let ratio = |covered: u64, total: u64| json!({"covered": covered, "total": total});
    let all = |path: &str, lines, branches, functions| {
        check(
            path,
            &[
                ("/coverage/lines", lines),
                ("/coverage/branches", branches),
                ("/coverage/functions", functions),
            ],
        );
    };
    all("cobertura/coverage-py.xml", ratio(4, 6), ratio(1, 2), Value::Null);
    all("cobertura/istanbul.xml", ratio(1, 1), ratio(1, 2), ratio(1, 1));
    all("lcov/coverage-py.lcov", ratio(4, 6), ratio(1, 2), ratio(1, 2));
    all("lcov/istanbul.info", ratio(1, 1), ratio(1, 2), ratio(1, 1));
    all("lcov/geninfo.info", ratio(2, 3), ratio(1, 2), ratio(2, 3));
    for gcovr in ["cobertura/gcovr.xml", "jacoco/gcovr.xml", "lcov/gcovr.info"] {
        all(gcovr, ratio(8, 9), ratio(5, 6), ratio(2, 3));
    }
    // Which lines were run it does not say there, and a gate over changed lines must not believe that none was.
    check(
        "jacoco/gcovr.xml",
        &[("/coverage/files/0/lines", ratio(8, 9)), ("/coverage/files/0/hits", Value::Null)],
    );
    check(
        "cobertura/gcovr.xml",
        &[("/coverage/files/0/hits/8", json!(0)), ("/coverage/files/0/hits/10", json!(4))],
    );
    all("gocover/count.out", ratio(2, 3), Value::Null, Value::Null);
    check(
        "lcov/coverage-py.lcov",
        &[("/coverage/files/0/hits/3", json!(0)), ("/coverage/files/0/path", json!("shop/__init__.py"))],
    );
}

#[test]
fn changed_lines_are_those_after_the_change() {
    let changes = json!([
        {"path": "cart.rs", "lines": [{"first": 2, "last": 2}, {"first": 4, "last": 4}]},
        {"path": "größe.rs"},
        {"path": "logo.png"},
        {"path": "no-newline.rs", "lines": [{"first": 1, "last": 2}]},
        {"path": "old.rs", "removed": true},
    ]);
    check("git-diff/several.diff", &[("/changes", changes.clone())]);
    check("git-diff/no-context.diff", &[("/changes", changes)]);
}

#[test]
fn load_is_measured() {
    let load = |path: &str, requests: u64, errors: u64, concurrency: Option<u64>| {
        check(
            path,
            &[
                ("/load/requests", json!(requests)),
                ("/load/errors", json!(errors)),
                ("/load/concurrency", json!(concurrency)),
            ],
        );
    };
    load("wrk/latency.txt", 344, 17, Some(8));
    load("wrk/plain.txt", 92, 5, Some(4));
    load("hey/mixed.txt", 400, 20, None);
    load("hey/refused.txt", 20, 20, None);
    load("k6/summary-export.json", 1200, 12, Some(20));
    load("k6/handle-summary.json", 1200, 0, Some(20));
    load("k6-lines/points.json", 20, 2, Some(4));
    load("jmeter/named.jtl", 12, 2, Some(3));
    load("jmeter/bare.jtl", 12, 2, Some(3));
    load("jmeter/named-2.13.jtl", 20, 2, Some(2));
    load("jmeter/bare-2.13.jtl", 20, 3, Some(2));
    check(
        "jmeter/bare-2.13.jtl",
        &[("/load/latency_ms/max", json!(98.0)), ("/load/duration_s", json!(0.15))],
    );
    check("wrk/latency.txt", &[("/load/latency_ms/p99", json!(51.89)), ("/load/rps", json!(171.56))]);
    check("hey/refused.txt", &[("/load/latency_ms/mean", Value::Null), ("/load/histogram_ms", Value::Null)]);
    check(
        "k6-lines/points.json",
        &[("/load/latency_ms/p50", json!(19.5)), ("/load/duration_s", json!(20.0))],
    );
    check("jmeter/named.jtl", &[("/load/latency_ms/max", json!(31.0)), ("/load/duration_s", json!(1.131))]);
    let failed = json!({"check: status is 200": false, "http_req_duration: p(95)<500": true, "http_req_failed: rate<0.005": false});
    check("k6/summary-export.json", &[("/load/thresholds", failed)]);
    let mixed = json!({"check: cart::has items": true, "http_req_duration: p(95)<500": true, "http_req_duration: p(99)<100": false});
    check("k6/handle-summary.json", &[("/load/thresholds", mixed), ("/load/duration_s", json!(30.0755))]);
}

#[test]
fn pacts_say_between_whom_they_are() {
    check(
        "contract/pact-js.json",
        &[
            ("/contracts/0/pact/consumer", json!("web")),
            ("/contracts/0/pact/provider", json!("cart")),
            ("/contracts/0/pact/specification", json!("3.0.0")),
            ("/contracts/0/pact/interactions", json!(["a request for a cart"])),
        ],
    );
}

#[test]
fn mutants_are_scored() {
    let mutants = |path: &str, expect: [u64; 5]| {
        let names = ["killed", "survived", "timeout", "no_coverage", "ignored"];
        let pointers: Vec<String> = names.iter().map(|it| format!("/mutation/{it}")).collect();
        let pairs: Vec<_> = pointers.iter().map(String::as_str).zip(expect.map(Value::from)).collect();
        check(path, &pairs);
    };
    mutants("cargo-mutants/outcomes.json", [5, 7, 0, 0, 0]);
    mutants("pit/mutations.xml", [1, 1, 1, 1, 0]);
    mutants("stryker/stryker-js.json", [4, 2, 0, 0, 0]);
    check(
        "pit/mutations.xml",
        &[("/mutation/score", json!(0.5)), ("/mutation/survivors/0/location/file", json!("shop/Total.java"))],
    );
    check("cargo-mutants/outcomes.json", &[("/tool_version", json!("27.1.0")), ("/remarks", Value::Null)]);
}

#[test]
fn debt_is_summed_without_what_was_set_aside() {
    let debt = json!({"issues": 3, "effort_minutes": 110, "bugs": 1, "vulnerabilities": 1, "smells": 1});
    let counts =
        json!({"critical": 1, "high": 2, "medium": 0, "low": 0, "none": 0, "unknown": 0, "suppressed": 1});
    check(
        "sonarqube/issues.json",
        &[("/debt", debt), ("/counts", counts), ("/findings/0/taxa", json!(["CWE-476"]))],
    );
    check(
        "sonarqube/issues.json",
        &[
            ("/findings/0/location/column", json!(16)),
            ("/findings/1/location/file", json!("src/main/java/shop/Cart.java")),
        ],
    );
}
