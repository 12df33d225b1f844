//! What is looked at beside the numbers, over a real site: what services print, journeys, and alerts from outside.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_model::RolloutId;

use crate::program::run;
use crate::site::service::Behaviour;
use crate::site::traffic::Traffic;
use crate::site::{Site, assert_ended, wait_for};
use alertmanager::Alertmanager;

mod alertmanager;

/// Half of the traffic, judged by numbers that decide nothing for a while: what else there is has to.
fn judged(rest: &str) -> String {
    format!(
        "{{canary: {{steps: [{{weight: 50}}, {{analysis: {{interval: 500ms, requests: 1000000, timeout: 110s, {rest}}}}}, \
         {{weight: 100}}]}}}}"
    )
}

/// From the verdict, or the alert, that decided until the first step back had taken effect, by the ledger's own clock.
async fn from_decision_to_effect(site: &mut Site, id: RolloutId) -> Duration {
    site.look().await;
    let at = |event: &Value| event["at"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let events: Vec<Value> = site.witness.events.iter().map(|it| it.event.clone()).collect();
    let is_of = |it: &&Value| it["data"]["id"] == id.to_string();
    let is_harm = |it: &&Value| {
        it["type"] == "alert.fired"
            || (is_of(it) && it["type"] == "step.observed" && it["data"]["verdict"]["decision"] == "harmful")
    };
    let decided = events.iter().find(is_harm).expect("it was decided");
    let is_back = |it: &&Value| is_of(it) && it["type"] == "step.ended" && it["data"]["direction"] == "undo";
    let effect = events.iter().find(is_back).expect("a step was taken back");
    let passed = at(effect).duration_since(at(decided));
    passed.try_into().expect("the effect came later")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_logs_what_the_old_one_did_not_is_found_by_name_and_taken_back() {
    let strategy = judged("logs: {onWorse: rollback, firstLook: 4s}");
    let mut site = Site::start(&["host-a", "host-b"], &strategy).await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    let says = "ERROR the stock cannot be read: no route";
    site.release("1.1.0", Behaviour { says, ..Behaviour::GOOD }).await;
    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains(says), "{cause}");
    let took = from_decision_to_effect(&mut site, id).await;
    eprintln!("from the verdict until the first step back had taken effect: {took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");

    // The finding leads to the lines, with the instance that wrote them.
    let id = id.to_string();
    let analysis = site.shipway(&["rollout", "analysis", &id, "-o", "json"]);
    let analysis: Value = serde_json::from_str(&analysis.out).unwrap();
    let findings = analysis["steps"][0]["verdict"]["findings"].as_array().unwrap();
    let found = findings.iter().find(|it| it["what"] == says).unwrap_or_else(|| panic!("{findings:#?}"));
    assert!(found["change"] == "new" && found["isWorse"] == true && found["control"] == 0, "{found}");
    let line = &found["trail"]["lines"][0];
    assert_eq!(line["text"], says);
    assert!(line["instance"].as_str().unwrap().ends_with("/web/1.1.0"), "{line}");
    let table = site.shipway(&["rollout", "analysis", &id]).out;
    assert!(table.contains("leads to") && table.contains("/web/1.1.0"), "{table}");

    // Every block as it was judged, one document per line.
    let followed = site.shipway(&["rollout", "analysis", &id, "--follow", "-o", "json"]);
    assert_eq!(followed.code, 0, "{}", followed.err);
    let blocks: Vec<Value> = followed.out.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(blocks.len() > 5, "{}", blocks.len());
    assert_eq!(blocks.last().unwrap()["verdict"]["decision"], "harmful");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_failure_holds_a_rollout_and_is_told_with_what_helps() {
    let strategy = judged("logs: {onWorse: hold, firstLook: 2s, known: [jvm]}");
    let site = Site::start(&["host-a", "host-b"], &format!("{strategy}\n---\n{KNOWN_FAILURES}")).await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    let says = "java.lang.OutOfMemoryError: heap";
    site.release("1.1.0", Behaviour { says, ..Behaviour::GOOD }).await;
    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "halted");
    let told = site.shipway(&["rollout", "analysis", &id.to_string()]).out;
    assert!(told.contains("known failure") && told.contains("no-memory"), "{told}");
    assert!(told.contains("add memory"), "{told}");

    // The same file says so of lines that are at hand.
    let [signatures, old, new] = ["jvm.yaml", "old.log", "new.log"].map(|it| site.path().join(it));
    for (path, text) in [(&signatures, KNOWN_FAILURES), (&old, "INFO served\n"), (&new, says)] {
        std::fs::write(path, text).unwrap();
    }
    let [signatures, old, new] = [&signatures, &old, &new].map(|it| it.to_str().unwrap());
    let offline = ["analysis", "logs", "--control", old, "--canary", new, "--signatures", signatures];
    let offline = run(site.path(), &offline);
    assert!(
        offline.out.contains("no-memory") && offline.out.contains("add memory"),
        "{}{}",
        offline.out,
        offline.err
    );
    // What a strategy names has to be there.
    let dangling = judged("logs: {known: [jmv]}");
    let dangling =
        format!("apiVersion: shipway.dev/v1\nkind: Strategy\nmetadata: {{name: other}}\nspec: {dangling}\n");
    let file = site.path().join("dangling.yaml");
    std::fs::write(&file, dangling).unwrap();
    let refused = site.shipway(&["apply", file.to_str().unwrap()]);
    assert!(refused.code != 0 && refused.err.contains("jmv"), "{}", refused.err);
}

/// What several services may fail by, in a file of its own.
const KNOWN_FAILURES: &str = "
apiVersion: shipway.dev/v1
kind: LogSignatures
metadata: {name: jvm}
spec:
  signatures: [{name: no-memory, pattern: 'OutOfMemoryError*', advice: add memory}]
";

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_not_promoted_before_it_has_passed_the_critical_journey() {
    // It would be healthy at once, by the numbers.
    let strategy = "{canary: {steps: [{weight: 50}, {analysis: {interval: 500ms, requests: 5, timeout: 8s, \
                    onUndecided: promote}}, {weight: 100}]}}";
    let site = Site::start(&["host-a"], strategy).await;
    site.declare_more(
        "
apiVersion: shipway.dev/v1
kind: Journey
metadata: {name: look}
spec:
  service: web
  critical: true
  steps: [{name: see, path: /, expect: {bodyContains: '1.0'}}]
",
    )
    .await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    site.ship("1.0.1").await;
    site.release("2.0.0", Behaviour::GOOD).await;
    let id = site.start_rollout("2.0.0").await;
    assert_ended(&site.ended(id).await, "halted");
    let shown = site.shipway(&["rollout", "show", &id.to_string()]).out;
    assert!(shown.contains("journey look has not passed through 2.0.0"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_of_a_real_alertmanager_takes_a_rollout_back_and_names_it() {
    let mut site = Site::start(&["host-a", "host-b"], &judged("onUndecided: promote")).await;
    site.declare_in_production("  onAlert: rollback").await;
    let issue = ["token", "issue", "alertmanager", "--role", "operator", "--operation", "receiveAlerts"];
    let token = site.shipway(&issue).out;
    let alertmanager = Alertmanager::start(&format!("{}/api/v1/alerts", site.url()), token.trim()).await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    site.release("1.1.0", Behaviour::GOOD).await;
    // A flag that somebody else keeps.
    let marked = site.shipway(&[
        "alert",
        "mark",
        "flag new-shop: off to on",
        "--service",
        "web",
        "--env",
        "production",
    ]);
    assert_eq!(marked.code, 0, "{}", marked.err);
    let id = site.start_rollout("1.1.0").await;
    let is_judged = |it: &shipway_api::view::rollout::RolloutView| {
        it.steps.iter().any(|it| it.title.contains("udge") && it.state.word() == "running")
    };
    site.until(id, "judged", is_judged).await;
    // Of another service, and of this one.
    alertmanager.raise("DiskFull", "database").await;
    alertmanager.raise("ManyFailedOrders", "web").await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains("alertFired") && cause.contains("ManyFailedOrders"), "{cause}");
    let took = from_decision_to_effect(&mut site, id).await;
    eprintln!("from the alert until the first step back had taken effect: {took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");

    wait_for("both alerts are told", async || site.shipway(&["alert", "list"]).out.contains("DiskFull"))
        .await;
    let list: Value =
        serde_json::from_str(&site.shipway(&["alert", "list", "--service", "web", "-o", "json"]).out)
            .unwrap();
    let [alert] = &list.as_array().unwrap()[..] else { panic!("{list:#?}") };
    assert_eq!((&alert["name"], &alert["environment"]), (&"ManyFailedOrders".into(), &"production".into()));
    let first = &alert["suspects"][0];
    assert_eq!(first["what"]["rollout"]["id"], id.to_string(), "{alert:#}");
    assert_eq!(first["distance"], 0, "{first}");
    let flag = |it: &&Value| it["what"]["marker"]["what"] == "flag new-shop: off to on";
    assert!(alert["suspects"].as_array().unwrap().iter().any(|it| flag(&it)), "{alert:#}");
    let alert_id = alert["id"].as_str().unwrap();
    let shown = site.shipway(&["alert", "show", alert_id]).out;
    assert!(shown.contains("web in production") && shown.contains("it ships web itself"), "{shown}");

    // What is sent again changes nothing, and its end is told.
    alertmanager.resolve("ManyFailedOrders", "web").await;
    wait_for("the end is told", async || {
        !site.shipway(&["alert", "list", "--firing"]).out.contains("ManyFailedOrders")
    })
    .await;
    site.look().await;
    let of_web = |it: &&shipway_api::view::ledger::LedgerEvent| {
        it.event["data"]["alert"]["name"] == "ManyFailedOrders"
    };
    assert_eq!(site.witness.of_kind("alert.fired").filter(of_web).count(), 1);
}

/// Traces of so many orders that one version took: each charges somebody, which may fail and the order with it.
fn traces(version: &str, first: u32, n_traces: u32, fails: bool) -> Value {
    let id = |trace: u32| format!("{:032x}", first + trace);
    let span = |trace: u32, id_of: &str, parent: &str, name: &str, (start, end): (u64, u64), failed: bool| {
        let nanoseconds = |it: u64| (u64::from(trace) * 1_000_000_000 + it * 1_000_000).to_string();
        json!({
            "traceId": id(trace), "spanId": id_of, "parentSpanId": parent, "name": name, "kind": 1,
            "startTimeUnixNano": nanoseconds(start), "endTimeUnixNano": nanoseconds(end),
            "status": {"code": if failed { 2 } else { 1 }},
        })
    };
    let root = |trace| span(trace, "00000000000000aa", "", "POST /order", (0, 40), fails);
    let child = |trace| span(trace, "00000000000000bb", "00000000000000aa", "charge", (5, 25), fails);
    let spans: Vec<Value> = (0..n_traces).flat_map(|it| [root(it), child(it)]).collect();
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            attribute("service.name", "web"),
            attribute("service.version", version),
            attribute("deployment.environment.name", "production"),
        ]},
        "scopeSpans": [{"spans": spans}],
    }]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hop_that_fails_is_named_by_traces_that_were_pushed() {
    let strategy = judged("traces: {onWorse: rollback, firstLook: 3s}");
    let mut site = Site::start(&["host-a", "host-b"], &strategy).await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    for (version, first, fails) in [("1.0.0", 1, false), ("1.1.0", 10_001, true)] {
        let request =
            reqwest::Client::new().post(format!("{}/v1/traces", site.url())).bearer_auth(site.token());
        let body = traces(version, first, 300, fails).to_string();
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    site.release("1.1.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains("charge"), "{cause}");
    let shown = site.shipway(&["rollout", "analysis", &id.to_string(), "-o", "json"]).out;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let findings = shown["steps"][0]["verdict"]["findings"].as_array().unwrap();
    let is_charge = |it: &&Value| it["what"].as_str().is_some_and(|it| it.contains("charge"));
    let found = findings.iter().find(is_charge).unwrap_or_else(|| panic!("{findings:#?}"));
    assert!(found["of"] == "traces" && found["change"] == "failing" && found["isWorse"] == true, "{found:#}");
    assert!(!found["trail"]["traces"].as_array().unwrap().is_empty(), "{found:#}");
    // Its caller failed only because of it.
    let is_order = |it: &&Value| it["what"].as_str().is_some_and(|it| it.ends_with("POST /order"));
    let is_caller = |it: &&Value| is_order(it) && it["isWorse"] == true;
    assert_eq!(findings.iter().find(is_caller), None, "{findings:#?}");
}
