//! A real Alertmanager, and a step that is expected to raise an alert.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use http::Request;
use serde_json::{Value, json};
use shipway_engine::Rollout;
use shipway_integrations::silencer::Silencer;
use shipway_model::plan::Silenced;

use super::server::{Server, text};
use super::world::{World, any_port, ask, free_address, get, routed, start_router, wait_until};

/// Ends with the test.
struct Alertmanager {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn start_alertmanager() -> Alertmanager {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alertmanager.yml");
    std::fs::write(&path, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
    let address = free_address().await;
    let process = Command::new("prometheus-alertmanager")
        .arg(format!("--config.file={}", path.display()))
        .arg(format!("--storage.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`cargo xtask setup` installs prometheus-alertmanager");
    let alertmanager = Alertmanager { process, address, _folder: folder };
    wait_until("alertmanager is ready", async || {
        get(address, "/-/ready").await.is_some_and(|it| it.0 == 200)
    })
    .await;
    alertmanager
}

impl Alertmanager {
    async fn list(&self, path: &str) -> Vec<Value> {
        let (status, body) = get(self.address, path).await.expect("alertmanager answers");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn active_silences(&self) -> Vec<Value> {
        let all = self.list("/api/v2/silences").await;
        all.into_iter().filter(|it| it["status"]["state"] == "active").collect()
    }

    async fn raise(&self, labels: Value) {
        let body = json!([{ "labels": labels }]).to_string();
        let request = Request::post("/api/v2/alerts").header("content-type", "application/json").body(body);
        let (status, body) = ask(self.address, request.unwrap()).await.expect("alertmanager answers");
        assert_eq!(status, 200, "{body}");
    }

    /// Whether the alert of this name and severity is kept quiet; nothing while it is not known.
    async fn is_quiet(&self, name: &str, severity: &str) -> Option<bool> {
        let alerts = self.list("/api/v2/alerts").await;
        let it = alerts
            .into_iter()
            .find(|it| it["labels"]["alertname"] == name && it["labels"]["severity"] == severity)?;
        Some(it["status"]["state"] == "suppressed")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_is_expected_to_raise_is_quiet_while_it_takes_and_nothing_else() {
    let alertmanager = start_alertmanager().await;
    let web = Server::start(|_| Some(text(200, "web"))).await;
    let (router, listen) = (start_router(any_port(), |_| {}).await, free_address().await);
    let mut setting = routed(router.admin_address(), listen, json!({"rolling": {}}));
    setting.environment["alertmanager"] = json!({"url": format!("http://{}", alertmanager.address)});
    setting.instances = [("1.0.0", web.address), ("1.1.0", web.address)].into();
    setting.service = json!({"expectedAlerts": [
        {"alert": "InstanceDown", "labels": {"job": "${service}"}, "during": ["place"]},
    ]});
    let is_held = Arc::new(AtomicBool::new(false));
    setting.is_held = is_held.clone();
    let world = World::start(setting).await;
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("silencer.lock");
    let silencer = Silencer::start(world.runtime.clone(), lock.clone());
    world.ship_well("1.0.0").await;

    is_held.store(true, Relaxed);
    let id = world.ship("1.1.0").await;
    let of_rollout = async || {
        let silences = alertmanager.active_silences().await;
        silences.into_iter().filter(|it| it["comment"].as_str().unwrap().contains(&id.to_string())).count()
    };
    wait_until("it is silenced", async || of_rollout().await == 1).await;
    for (name, job, severity) in [
        ("InstanceDown", "web", "warning"),
        ("InstanceDown", "web", "critical"),
        ("InstanceDown", "shop", "warning "),
        ("DiskFull", "web", "warning"),
    ] {
        alertmanager.raise(json!({"alertname": name, "job": job, "severity": severity})).await;
    }
    wait_until("the expected one is quiet", async || {
        alertmanager.is_quiet("InstanceDown", "warning").await == Some(true)
    })
    .await;
    for (name, severity) in
        [("InstanceDown", "critical"), ("InstanceDown", "warning "), ("DiskFull", "warning")]
    {
        wait_until("the others are heard", async || {
            alertmanager.is_quiet(name, severity).await == Some(false)
        })
        .await;
    }

    // Whoever starts again knows its silences, and ends them.
    silencer.stop().await;
    let silencer = Silencer::start(world.runtime.clone(), lock);
    is_held.store(false, Relaxed);
    let noted = |it: &Rollout| it.steps.iter().find_map(|it| it.silenced.first().cloned());
    let Silenced { silence, alerts, .. } = world.wait(id, noted).await;
    assert_eq!(silence.alert, "InstanceDown");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["severity"], "warning");
    wait_until("nothing is silenced any more", async || of_rollout().await == 0).await;
    silencer.stop().await;
}
