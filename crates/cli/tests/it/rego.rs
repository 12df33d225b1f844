//! A gate in Rego, over a real control plane with one host: it holds a rollout, says why, lets it go on, and its answers are computed
//! again as they were, also after a restart and under another policy.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::host::{Host, until};
use crate::live::Live;
use crate::program::run;
use crate::tools::{declare, json_of};

const MODULE: &str = r#"
package own

import data.shop.reports

deny contains sprintf("%s has %d passing tests, and %d are asked for", [name, n, data.parameters.tests]) if {
    some name, _ in input.services
    n := reports.passed(name)
    n < data.parameters.tests
}

allow if {
    every name, _ in input.services {
        reports.passed(name) >= data.parameters.tests
    }
}
"#;
const LIBRARY: &str = r"
package shop.reports

# All that were attached.
passed(service) := sum([it.normal.tests.passed | some it in input.evidence; service in it.services])
";

/// As a gate of a policy; JSON is YAML.
fn gate(n_tests: u64) -> String {
    let rego = json!({"module": MODULE, "libraries": {"reports": LIBRARY}, "parameters": {"tests": n_tests}});
    json!({"name": "own", "require": {"rego": rego}}).to_string()
}

fn junit(n_tests: usize) -> String {
    let cases: String = (0..n_tests).map(|it| format!("<testcase name='t{it}'/>")).collect();
    format!("<testsuite name='unit'>{cases}</testsuite>")
}

#[test]
fn a_rollout_waits_at_a_gate_in_rego_and_its_answers_are_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut live = Live::start(folder);
    let artifact = declare(&live, folder, &gate(2), "");
    let host = Host::join(folder, &live, "stage=true");
    let decisions = |live: &Live<'_>| -> Vec<(String, bool)> {
        let list = json_of(&live.ok(&["decision", "list", "-o", "json"]));
        let told = |it: &Value| (it["id"].as_str().unwrap().to_owned(), it["passes"].as_bool().unwrap());
        list.as_array().unwrap().iter().map(told).collect()
    };
    let attach = |n_tests: usize| {
        fs::write(folder.join("junit.xml"), junit(n_tests)).unwrap();
        live.ok(&["evidence", "attach", "junit.xml", "--subject", &artifact]);
    };

    let started = live.ok(&["rollout", "start", "shop@1.0.0", "--env", "production", "-o", "json"]);
    let id = json_of(&started)["id"].as_str().unwrap().to_owned();
    until("the gate is asked", || decisions(&live).len() == 1);
    let explain = || live.run(&["explain", "shop@1.0.0", "--env", "production", "-o", "json"]);
    let said = explain();
    let requirement = json_of(&said.out)["requirements"][0].clone();
    assert_eq!((said.code, requirement["status"].as_str()), (1, Some("failed")), "{requirement}");
    assert_eq!(requirement["reasons"], json!(["web has 0 passing tests, and 2 are asked for"]));
    let shown = live.ok(&["rollout", "show", &id]);
    assert!(shown.contains("own is failed") && !shown.contains("Shall it be?"), "{shown}");

    // Offline, over what the server printed of its facts.
    let facts = json_of(&live.ok(&["facts", "shop@1.0.0", "--env", "production", "-o", "json"]));
    write_policy(folder, &gate(2));
    let suite = json!({"policies": ["policy.yaml"], "facts": facts, "cases": [{"name": "as it is", "expect": {"own": "failed"}}]});
    fs::write(folder.join("own.test.yaml"), suite.to_string()).unwrap();
    let offline = run(folder, &["policy", "test", "own.test.yaml"]);
    assert!(offline.code == 0 && offline.out.contains("1 of 1 cases held"), "{}{}", offline.out, offline.err);

    attach(1);
    until("it is asked about one test", || decisions(&live).len() == 2);
    let people = live.run(&["explain", "shop@1.0.0", "--env", "production"]);
    assert!(people.out.contains("web has 1 passing tests, and 2 are asked for"), "{}", people.out);
    attach(2);
    until("the gate opens", || decisions(&live).len() == 3);
    until("it goes on", || live.ok(&["rollout", "show", &id]).contains("Shall it be?"));
    let all = decisions(&live);
    assert_eq!(all.iter().map(|it| it.1).collect::<Vec<_>>(), [true, false, false], "the newest first");

    // Each goes by the policy and the facts of its time, whatever is declared since, and wherever they are compiled.
    write_policy(folder, &gate(4));
    live.ok(&["apply", "policy.yaml"]);
    drop(host);
    live.kill_and_start_again();
    for (decision, passes) in all {
        let replay = json_of(&live.ok(&["decision", "replay", &decision, "-o", "json"]));
        assert_eq!(replay["identical"], true, "{replay}");
        let shown = json_of(&live.ok(&["decision", "show", &decision, "-o", "json"]));
        assert_eq!(shown["passes"], passes, "{shown}");
    }
    let said = live.run(&["explain", "shop@1.0.0", "--env", "production"]);
    assert!(said.out.contains("web has 3 passing tests, and 4 are asked for"), "{}", said.out);
}

/// The policy alone, into `policy.yaml`.
fn write_policy(folder: &Path, gate: &str) {
    let policy = json!({
        "apiVersion": "shipway.dev/v1", "kind": "Policy", "metadata": {"name": "proof"},
        "spec": {"gates": [serde_json::from_str::<Value>(gate).unwrap()]},
    });
    fs::write(folder.join("policy.yaml"), policy.to_string()).unwrap();
}
