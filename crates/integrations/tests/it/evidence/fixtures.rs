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
    all("gocover/count.out", ratio(2, 3), Value::Null, Value::Null);
    check(
        "lcov/coverage-py.lcov",
        &[("/coverage/files/0/hits/3", json!(0)), ("/coverage/files/0/path", json!("shop/__init__.py"))],
    );
}
