//! A canary judged against instances of the old version that were started with it, over a site of real processes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::site::service::Behaviour;
use crate::site::traffic::Traffic;
use crate::site::{Site, assert_ended, wait_for};

/// A fifth of the traffic for the new version and another fifth for the fresh control.
fn judged(rest: &str) -> String {
    format!(
        "{{canary: {{steps: [{{weight: 20}}, {{analysis: {{baseline: fresh, interval: 500ms, {rest}}}}}, {{weight: 100}}]}}}}"
    )
}

/// `HOST VERSION` of every process of the service.
fn standing(site: &Site) -> Vec<String> {
    site.services().iter().map(|it| format!("{} {}", it.host, it.version)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_control_stands_while_it_is_compared_and_goes_when_the_canary_is_promoted() {
    let strategy = judged("requests: 20, bake: 3s, timeout: 10s, onUndecided: promote");
    let mut site = Site::start(&["host-a", "host-b"], &strategy).await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    site.release("1.1.0", Behaviour::GOOD).await;
    let plan = site.shipway(&["plan", "site@1.1.0", "--env", "production"]).out;
    for line in ["start web 1.0.0+control on host-a", "judge web 1.1.0 against 1.0.0+control at 20 %"] {
        assert!(plan.contains(line), "{line}: {plan}");
    }

    let id = site.start_rollout("1.1.0").await;
    let is_judged = |it: &shipway_api::view::rollout::RolloutView| {
        it.steps.iter().any(|it| it.title.contains("against 1.0.0+control") && it.state.word() == "running")
    };
    site.until(id, "judged", is_judged).await;
    assert_eq!(standing(&site), ["host-a 1.0.0", "host-a 1.0.0+control", "host-a 1.1.0", "host-b 1.0.0"]);
    let mut answered = BTreeSet::new();
    wait_for("all three to answer", async || {
        answered.insert(site.answering().await);
        answered.len() == 3
    })
    .await;
    let told: Vec<&str> = answered.iter().map(String::as_str).collect();
    assert_eq!(told, ["1.0.0", "1.0.0+control", "1.1.0"]);
    assert_ended(&site.ended(id).await, "succeeded");
    assert_eq!(standing(&site), ["host-a 1.1.0", "host-b 1.1.0"]);

    let analysis = site.shipway(&["rollout", "analysis", &id.to_string(), "-o", "json"]).out;
    let analysis: Value = serde_json::from_str(&analysis).unwrap();
    assert_eq!(analysis["steps"][0]["control"], "1.0.0+control", "{analysis:#}");
    site.look().await;
    let observed = site.witness.of_kind("step.observed");
    let of_rollout = observed.filter(|it| it.event["data"]["id"] == id.to_string());
    let blocks: Vec<&Value> = of_rollout.map(|it| &it.event["data"]["block"]).collect();
    let sum = |arm: &str| blocks.iter().filter_map(|it| it[arm]["requests"].as_u64()).sum::<u64>();
    let (control, canary) = (sum("control"), sum("canary"));
    // A fifth of the traffic each: all of the old version would have four times as many as the canary.
    assert!(canary >= 20 && control < 2 * canary + 20 && canary < 2 * control + 20, "{control}, {canary}");
    let of_control = blocks.iter().filter_map(|it| it["control"]["instances"].as_object());
    let hosts: BTreeSet<&str> = of_control.flat_map(|it| it.keys()).map(String::as_str).collect();
    assert_eq!(hosts, BTreeSet::from(["host-a"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_control_goes_with_a_canary_that_is_taken_back() {
    let strategy = judged("requests: 1000000, timeout: 110s, logs: {onWorse: rollback, firstLook: 4s}");
    let mut site = Site::start(&["host-a", "host-b"], &strategy).await;
    site.ship("1.0.0").await;
    let _traffic = Traffic::through(&site);
    let says = "ERROR the stock cannot be read: no route";
    site.release("1.1.0", Behaviour { says, ..Behaviour::GOOD }).await;
    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains(says), "{cause}");
    assert_eq!(standing(&site), ["host-a 1.0.0", "host-b 1.0.0"]);
    for _ in 0..20 {
        assert_eq!(site.answering().await, "1.0.0");
    }
}
