//! What gates ask of the tools outside, and where load tests ran, over a real control plane with one host.

use std::fs;

use serde_json::{Value, json};

use crate::almanac::elsewhere::Elsewhere;
use crate::host::{Host, until};
use crate::live::Live;

const SHOP: &str = "
apiVersion: shipway.dev/v1
kind: Team
metadata: {name: shop}
spec: {}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  monitoring:
    dashboards: [{name: 'https://grafana.example/d/web-overview/web'}]
    alerts: [{name: WebErrors, threshold: errors > 1 %}]
  deployment:
    command: [bin/run]
    health: {checks: [{name: up, probe: {tcp: {}}}]}
---
apiVersion: shipway.dev/v1
kind: Policy
metadata: {name: proof}
spec:
  gates: [GATE]
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: gated}
spec:
  stages:
    - {name: gates, run: {gates: {policies: [proof]}}}
    - {name: word, run: {approval: {message: Shall it be?}}}
    - {name: end, run: {wait: {duration: 1ms}}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: staging}
spec: {targets: {stage: 'true'}, scale: {data: {orders: 1000, customers: 50}}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: production}
spec:
  pipeline: gated
  targets: {stage: 'true'}
  scale: {data: {orders: 100000, customers: 60}, requestsPerSecond: {web: 400}}
  MORE
";

pub(crate) fn declare(live: &Live<'_>, folder: &std::path::Path, gate: &str, more: &str) -> String {
    fs::write(folder.join("shop.yaml"), SHOP.replace("GATE", gate).replace("MORE", more)).unwrap();
    live.ok(&["apply", "shop.yaml"]);
    fs::create_dir_all(folder.join("build/bin")).unwrap();
    fs::write(folder.join("build/bin/run"), "#!/bin/sh\n").unwrap();
    live.ok(&["artifact", "pack", "build", "-o", "web.tar.gz"]);
    let register =
        ["artifact", "register", "web.tar.gz", "--service", "web", "--version", "1.0.0", "-o", "json"];
    let digest = json_of(&live.ok(&register))["digest"].as_str().unwrap().to_owned();
    live.ok(&["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal"]);
    digest
}

pub(crate) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// As Prometheus answers (`/api/v1/rules`), with one alerting rule of this name.
fn rules(alert: &str) -> String {
    json!({"status": "success", "data": {"groups": [{"name": "web", "rules": [
        {"name": alert, "type": "alerting", "health": "ok", "query": "x > 1"},
    ]}]}})
    .to_string()
}

#[test]
fn a_rule_that_is_unloaded_closes_a_gate_that_had_passed_and_one_that_is_loaded_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Elsewhere::start();
    let live = Live::start(folder.path());
    let gate = "{name: watched, require: {monitoring: {traces: false, routes: false, loaded: true}}}";
    let more = format!(
        "metrics: {{main: {{prometheus: {{url: '{url}'}}}}}}\n  grafana: {{url: '{url}'}}",
        url = tools.url("")
    );
    declare(&live, folder.path(), gate, &more);
    let _host = Host::join(folder.path(), &live, "stage=true");
    let (loaded, unloaded) = (rules("WebErrors"), rules("SomethingElse"));
    let there = json!([{"uid": "web-overview", "title": "Web", "type": "dash-db"}]).to_string();
    tools.answer("/api/v1/rules", 200, &unloaded);
    tools.answer("/api/search", 200, "[]");

    let started = live.ok(&["rollout", "start", "shop@1.0.0", "--env", "production", "-o", "json"]);
    let id = json_of(&started)["id"].as_str().unwrap().to_owned();
    let decisions = || json_of(&live.ok(&["decision", "list", "-o", "json"]));
    // The newest first.
    let passes = || -> Vec<bool> {
        decisions().as_array().unwrap().iter().map(|it| it["passes"].as_bool().unwrap()).collect()
    };
    until("the gate is asked", || passes() == [false]);
    let explained = live.run(&["explain", "shop@1.0.0", "--env", "production"]);
    for reason in ["the alert WebErrors is declared, and not loaded in main", "Grafana has none such"] {
        assert!(explained.out.contains(reason), "{}", explained.out);
    }

    // Nobody tells the control plane: it looks.
    tools.answer("/api/search", 200, &there);
    until("the dashboard is seen", || passes().len() == 2);
    tools.answer("/api/v1/rules", 200, &loaded);
    until("the gate opens", || passes() == [true, false, false]);
    let shown = || live.ok(&["rollout", "show", &id]);
    until("it waits for a word", || shown().contains("Shall it be?"));
    tools.answer("/api/v1/rules", 200, &unloaded);
    until("the gate closes again", || passes() == [false, true, false, false]);
    live.ok(&["rollout", "approve", &id, "2", "--note", "yes"]);
    assert!(shown().contains("waits for its gates"), "{}", shown());

    // A tool that does not answer takes nothing back and adds nothing.
    tools.answer("/api/v1/rules", 500, "");
    let asked = tools.asked().len();
    until("it was looked at twice", || tools.asked().len() > asked + 4);
    assert_eq!(passes().len(), 4);
    tools.answer("/api/v1/rules", 200, &loaded);
    until("the gate opens again", || passes() == [true, false, true, false, false]);
    let phase = || json_of(&live.ok(&["rollout", "show", &id, "-o", "json"]))["phase"]["name"].clone();
    until("it goes on to its end", || phase() == "ended");
}

#[test]
fn a_load_test_over_less_than_production_holds_says_so_and_leaves_that_to_the_canary() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start(folder.path());
    let artifact = declare(&live, folder.path(), "{name: load, require: {load: {maxErrorRate: 1}}}", "");
    let summary = "Running 30s test @ http://127.0.0.1:8080/\n  4 threads and 8 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency    12.00ms    2.00ms  50.00ms   90.00%\n    Req/Sec    86.00     10.00   100.00     70.00%\n  10344 requests in 30.00s, 4.00MB read\nRequests/sec:    344.80\nTransfer/sec:    136.53KB\n";
    fs::write(folder.path().join("wrk.txt"), summary).unwrap();
    let attach = ["evidence", "attach", "wrk.txt", "--subject", &artifact];
    let reasons = || {
        let said = live.run(&["explain", "shop@1.0.0", "--env", "production", "-o", "json"]);
        let it = json_of(&said.out)["requirements"][0].clone();
        assert_eq!((said.code, it["status"].as_str()), (0, Some("satisfied")), "{it}");
        it["reasons"].as_array().unwrap()[1..]
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let of = |what: &str| format!("{what}: what shows only there is left to the canary");

    live.ok(&attach);
    assert_eq!(reasons().len(), 2, "nobody said over how many orders and customers it ran");
    live.ok(&[&attach[..], &["--ran-in", "staging"]].concat());
    assert_eq!(reasons(), [of("it ran over 1000 of orders, and production has 100000")]);
    live.ok(&[&attach[..], &["--ran-in", "staging", "--ran-over", "orders=90000"]].concat());
    assert_eq!(reasons(), Vec::<String>::new(), "what was counted holds before what is declared");
    let listed = json_of(&live.ok(&["evidence", "list", "-o", "json"]));
    let id = listed.as_array().unwrap().iter().find(|it| it["ran"]["data"]["orders"] == 90000).unwrap()["id"]
        .clone();
    let shown = live.ok(&["evidence", "show", id.as_str().unwrap()]);
    assert!(shown.contains("staging, over 90000 of orders"), "{shown}");
    let refused = live.run(&[&attach[..], &["--ran-in", "nowhere"]].concat());
    assert!(refused.code != 0 && refused.err.contains("no environment nowhere"), "{}", refused.err);
    let refused = live.run(&[&attach[..], &["--ran-over", "orders=many"]].concat());
    assert!(refused.code == 2 && refused.err.contains("no whole number"), "{}", refused.err);
}
