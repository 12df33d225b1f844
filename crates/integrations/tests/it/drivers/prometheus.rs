//! A real Prometheus, which scrapes counters of a shop that is made up.

mod native;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::{Value, json};
use shipway_engine::Rollout;
use shipway_integrations::metrics::alert_rules;
use shipway_integrations::router::Router;
use shipway_model::RolloutId;
use shipway_model::analysis::{Block, Decision, Sample, Verdict};
use shipway_model::resource::strategy::Analysis;
use shipway_runtime::driver::{Assessment, Judging};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::server::{Server, text};
use super::world::{
    World, any_port, failure, free_address, get, routed, start_router, step, traffic, wait_until,
};

/// Ends with the test.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn start_prometheus(target: SocketAddr) -> Prometheus {
    start_prometheus_with(target, &[]).await
}

async fn start_prometheus_with(target: SocketAddr, more: &[&str]) -> Prometheus {
    start_prometheus_ruled(target, None, more).await
}

async fn start_prometheus_ruled(target: SocketAddr, rules: Option<&Path>, more: &[&str]) -> Prometheus {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules.map(|it| format!("rule_files: ['{}']\n", it.display())).unwrap_or_default();
    let config = format!(
        "global: {{scrape_interval: 100ms, evaluation_interval: 200ms}}\n{rules}scrape_configs:\n- job_name: shop\n  static_configs:\n  - targets: ['{target}']\n"
    );
    let path = folder.path().join("prometheus.yml");
    std::fs::write(&path, config).unwrap();
    let address = free_address().await;
    let process = Command::new("prometheus")
        .arg(format!("--config.file={}", path.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`cargo xtask setup` installs prometheus");
    let prometheus = Prometheus { process, address, _folder: folder };
    wait_until("prometheus is ready", async || get(address, "/-/ready").await.is_some_and(|it| it.0 == 200))
        .await;
    prometheus
}

/// With every look, ten more sessions of each version; three of the old one's buy something, one of the new one's does.
/// Their durations are told as a histogram.
async fn shop() -> Server {
    let n_looks = AtomicU64::new(0);
    Server::start(move |_| {
        let looks = n_looks.fetch_add(1, Relaxed);
        let of = |version: &str, orders: u64| {
            format!(
                "shop_sessions_total{{version=\"{version}\"}} {sessions}\n\
                 shop_orders_total{{version=\"{version}\",kind=\"paid\"}} {orders}\n\
                 shop_orders_total{{version=\"{version}\",kind=\"free\"}} {sessions}\n\
                 shop_seconds_bucket{{version=\"{version}\",le=\"0.1\"}} {orders}\n\
                 shop_seconds_bucket{{version=\"{version}\",le=\"+Inf\"}} {sessions}\n",
                sessions = 10 * looks,
                orders = orders * looks,
            )
        };
        Some(text(200, of("1.0.0", 3) + &of("1.1.0", 1)))
    })
    .await
}

/// Never decides.
struct Silent;

impl Judging for Silent {
    fn take(&mut self, _: &Block) {}

    fn assess(&self) -> Assessment {
        let verdict = Verdict {
            decision: Decision::Undecided,
            decided_at: shipway_model::Millis::ZERO,
            canary_requests: 0,
            canary_errors: 0,
            metrics: Vec::new(),
            reasons: Vec::new(),
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
        };
        Assessment { verdict, is_final: false }
    }
}

fn judge(_: &Analysis) -> Result<Box<dyn Judging>, String> {
    Ok(Box::new(Silent))
}

struct Scene {
    world: World,
    id: RolloutId,
    _router: Router,
    _servers: [Server; 2],
    _traffic: JoinSet<()>,
}

/// 1.1.0 is being judged against 1.0.0 by conversion and latency, which this server has.
async fn scene(source: SocketAddr, silence: &str) -> Scene {
    let (old, new) =
        (Server::start(|_| Some(text(200, "old"))).await, Server::start(|_| Some(text(200, "new"))).await);
    let (router, listen) = (start_router(any_port(), |_| {}).await, free_address().await);
    let from = |of: Value| {
        let mut query = of;
        query["source"] = json!("main");
        json!({"prometheus": query})
    };
    let metrics = json!([
        {"name": "conversion", "kind": "proportion", "direction": "decrease", "critical": true,
         "from": from(json!({"n": "shop_sessions_total", "x": "shop_orders_total{kind=\"paid\"}"}))},
        {"name": "latency", "kind": "latency", "from": from(json!({"latency": "shop_seconds"}))},
    ]);
    let rule = json!({"interval": "500ms", "timeout": "1m", "silence": silence, "metrics": metrics});
    let steps = json!([{"weight": 50}, {"analysis": rule}]);
    let mut setting = routed(router.admin_address(), listen, json!({"canary": {"steps": steps}}));
    setting.environment["metrics"] =
        json!({"main": {"prometheus": {"url": format!("http://{source}"), "lag": "3s"}}});
    setting.instances = [("1.0.0", old.address), ("1.1.0", new.address)].into();
    setting.judge = judge;
    let world = World::start(setting).await;
    world.ship_well("1.0.0").await;
    let id = world.ship("1.1.0").await;
    Scene { world, id, _router: router, _servers: [old, new], _traffic: traffic(listen) }
}

#[tokio::test]
async fn a_prometheus_says_which_alerts_it_has_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yml");
    let of_shop = "
groups:
- name: shop
  rules:
  - {record: 'shop:rate', expr: 'rate(shop_sessions_total[1m])'}
  - {alert: ShopErrors, expr: shop_errors_total > 1}
  - {alert: ShopAlike, expr: '{__name__=~\"up|scrape_duration_seconds\"} * 0 == 0'}
";
    std::fs::write(&rules, of_shop).unwrap();
    let shop = shop().await;
    let prometheus = start_prometheus_ruled(shop.address, Some(&rules), &[]).await;
    let source = |url: String| serde_json::from_value(json!({"prometheus": {"url": url}})).unwrap();
    let sources = || {
        let silent: shipway_model::Name = "silent".parse().unwrap();
        let csv = serde_json::from_value(json!({"csv": {"path": "/tmp/x.csv"}})).unwrap();
        BTreeMap::from([
            ("main".parse().unwrap(), source(format!("http://{}", prometheus.address))),
            (silent, source("http://127.0.0.1:1".to_owned())),
            ("file".parse().unwrap(), csv),
        ])
    };
    let found = alert_rules(sources()).await;
    let names: Vec<&str> = found["main"].alerts.iter().map(String::as_str).collect();
    assert_eq!((names, &found["main"].fault), (vec!["ShopAlike", "ShopErrors"], &None));
    assert!(found["silent"].fault.is_some() && found["silent"].alerts.is_empty());
    assert_eq!(found.len(), 2, "a file knows no rules");
    // Two series become one when their names are taken off, which Prometheus finds out when it evaluates.
    let told = async || alert_rules(sources()).await["main"].failing.contains_key("ShopAlike");
    wait_until("the rule fails", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_and_histograms_are_asked_for_by_arm() {
    let shop = shop().await;
    let prometheus = start_prometheus(shop.address).await;
    let scene = scene(prometheus.address, "1m").await;
    let told = async || {
        let blocks = scene.world.blocks(scene.id, "analyse").await;
        let both = |it: &&Block| it.control.metrics.len() == 2 && it.canary.metrics.len() == 2;
        blocks.iter().filter(both).filter(|it| it.canary.metrics["conversion"].n > Some(0)).count() >= 3
    };
    wait_until("three blocks with both metrics", told).await;
    let blocks = scene.world.blocks(scene.id, "analyse").await;
    for (arm, orders) in blocks.iter().flat_map(|it| [(&it.control, 3), (&it.canary, 1)]) {
        if let Some(Sample { n: Some(n), x: Some(x), .. }) = arm.metrics.get("conversion") {
            // Looks are never torn, so neither are blocks.
            assert_eq!((n % 10, *x), (0, n / 10 * orders), "{arm:?}");
        }
        if let Some(latency) = arm.metrics.get("latency").and_then(|it| it.latency.as_ref()) {
            assert_eq!(latency.bounds_ms, [100.0]);
            assert_eq!(latency.counts[0] * (10 - orders), latency.counts[1] * orders, "{latency:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_no_verdict() {
    let hanging = TcpListener::bind(any_port()).await.unwrap();
    let scene = scene(hanging.local_addr().unwrap(), "1s").await;
    let outcome = scene.world.outcome(scene.id, "analyse").await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.starts_with("no verdict: conversion has not been told of for "), "{reason}");
    assert!(reason.contains("did not answer within") && !retryable, "{reason}");
    let is_held = |it: &Rollout| {
        let step = step(it, "analyse")?;
        matches!(it.phase, shipway_engine::Phase::Halted { .. }).then_some(step)
    };
    scene.world.wait(scene.id, is_held).await;
}
