//! Policies asked, tested and looked over, offline.

use std::fs;
use std::path::Path;

use crate::program::{Said, run};

const POLICY: &str = "
apiVersion: shipway.dev/v1
kind: Policy
metadata: { name: production }
spec:
  gates:
    - name: unit-tests
      require: { tests: {} }
    - name: coverage
      require: { coverage: { lines: 50 } }
    - name: own
      require:
        rego:
          module: |
            package own
            allow if count(input.evidence) > 0
";
const JUNIT: &str =
    "<testsuite name='unit'><testcase name='adds'/><testcase name='RESULT'>FAILURE</testcase></testsuite>";
const LCOV: &str = "SF:src/lib.rs\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n";

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn check(folder: &Path, extra: &[&str]) -> (Said, serde_json::Value) {
    let said = run(folder, &[&["policy", "check", "policy.yaml", "-o", "json"], extra].concat());
    let json = serde_json::from_str(&said.out).unwrap_or_default();
    (said, json)
}

#[test]
fn real_files_pass_or_not_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "policy.yaml", POLICY);
    write(folder, "good.xml", &JUNIT.replace("FAILURE", ""));
    write(folder, "bad.xml", &JUNIT.replace("FAILURE", "<failure message='3 is not 4'/>"));
    write(folder, "coverage.lcov", LCOV);
    let (said, json) = check(folder, &["--evidence", "good.xml", "coverage.lcov"]);
    assert_eq!((said.code, json["passes"].as_bool()), (0, Some(true)), "{}{}", said.out, said.err);
    let (said, json) = check(folder, &["--evidence", "bad.xml", "coverage.lcov"]);
    assert_eq!((said.code, json["passes"].as_bool()), (1, Some(false)), "{}{}", said.out, said.err);
    assert!(said.out.contains("3 is not 4"), "{}", said.out);
    let (said, json) = check(folder, &["--evidence", "good.xml"]);
    assert_eq!(said.code, 1);
    assert_eq!(json["requirements"][1]["status"], "missing", "{json}");
    let people = run(folder, &["policy", "check", "policy.yaml"]);
    assert!(people.code == 1 && people.out.contains("does not pass"), "{}", people.out);

    write(folder, "broken.xml", "<testsuite><testcase");
    let (said, _) = check(folder, &["--evidence", "broken.xml"]);
    assert!(said.code == 1 && said.out.is_empty() && said.err.contains("line 1"), "{}{}", said.out, said.err);
}

/// A text that is doubled forty times would have a terabyte; the numbers of a range come out of one step, between whose beginning and
/// end nobody looks at the time.
#[test]
fn a_module_that_grows_without_end_is_a_no_and_harms_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "good.xml", &JUNIT.replace("FAILURE", ""));
    let doubled = (1..=40).map(|n| format!("t{n} := concat(\"\", [t{before}, t{before}])", before = n - 1));
    let text =
        format!("t0 := \"grows\"\n{}\nallow if count(t40) > 0", doubled.collect::<Vec<_>>().join("\n"));
    let range = "allow if count(numbers.range(1, 100000000)) > 0".to_owned();
    // The one may be too slow before it is too large.
    for (grows, whys) in [(text, &["256 MiB of memory", "time limit"][..]), (range, &["256 MiB of memory"])] {
        let gate = |name: &str, module: &str| serde_json::json!({"name": name, "require": {"rego": {"module": format!("package own\n{module}")}}});
        let policy = serde_json::json!({
            "apiVersion": "shipway.dev/v1", "kind": "Policy", "metadata": {"name": "production"},
            "spec": {"gates": [
                gate("before", "allow if count(input.evidence) == 1"),
                gate("grows", &grows),
                gate("after", "allow if input.services.service"),
            ]},
        });
        write(folder, "policy.yaml", &policy.to_string());
        let (said, json) = check(folder, &["--evidence", "good.xml"]);
        let told = |idx: usize| json["requirements"][idx].clone();
        assert_eq!((said.code, told(1)["status"].as_str()), (1, Some("failed")), "{}{}", said.out, said.err);
        let reason = told(1)["reasons"][0].as_str().unwrap().to_owned();
        assert!(whys.iter().any(|it| reason.contains(it)), "{reason}");
        assert_eq!(
            (told(0)["status"].as_str(), told(2)["status"].as_str()),
            (Some("satisfied"), Some("satisfied"))
        );
    }
}

#[test]
fn a_module_that_asserts_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "policy.yaml", POLICY);
    assert_eq!(run(folder, &["policy", "lint", "policy.yaml"]).code, 0);
    write(
        folder,
        "loose.yaml",
        &POLICY.replace("allow if count(input.evidence) > 0", "allow if not input.bad"),
    );
    let said = run(folder, &["policy", "lint", "loose.yaml", "-o", "json"]);
    let remarks: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, remarks.as_array().map(Vec::len)), (1, Some(3)), "{}", said.out);
}

#[test]
fn tests_of_policies_hold_or_say_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "policy.yaml", POLICY);
    let digest = |c: &str| format!("sha256:{}", c.repeat(64));
    let suite = format!(
        "policies: [policy.yaml]
facts:
  release: {{ id: rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01, name: shop, version: 1.0.0, digest: '{}' }}
  makers: [ana]
  environment: production
  at: 2026-06-01T12:00:00Z
  services: {{ checkout: {{ version: 1.0.0, artifacts: ['{}'] }} }}
  documents: []
  evidence: []
  baseline: []
  waivers: []
cases:
  - name: without evidence nothing goes
    expect: {{ unit-tests: EXPECTED, own: failed }}
",
        digest("a"),
        digest("b")
    );
    write(folder, "good.test.yaml", &suite.replace("EXPECTED", "missing"));
    write(folder, "bad.test.yaml", &suite.replace("EXPECTED", "satisfied"));
    let said = run(folder, &["policy", "test", "good.test.yaml"]);
    assert!(said.code == 0 && said.out.contains("1 of 1 cases held"), "{}{}", said.out, said.err);
    let said = run(folder, &["policy", "test", "bad.test.yaml"]);
    assert!(
        said.code == 1 && said.out.contains("unit-tests of checkout is missing, not satisfied"),
        "{}{}",
        said.out,
        said.err
    );
    write(folder, "empty.test.yaml", "policies: [policy.yaml]\ncases: []\n");
    let said = run(folder, &["policy", "test", "empty.test.yaml"]);
    assert!(said.code == 1 && said.err.contains("would prove nothing"), "{}", said.err);
}
