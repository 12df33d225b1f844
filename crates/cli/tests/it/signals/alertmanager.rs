//! A real Alertmanager that sends to a webhook.

use std::process::{Child, Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::site::wait_for;

/// Ends with the test.
pub(super) struct Alertmanager {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Alertmanager {
    /// Every alert is sent at once, and again every few seconds.
    pub(super) async fn start(webhook: &str, token: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("alertmanager.yml");
        let config = format!(
            "route: {{receiver: shipway, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 2s}}\n\
             receivers: [{{name: shipway, webhook_configs: [{{url: '{webhook}', http_config: \
             {{authorization: {{credentials: '{token}'}}}}}}]}}]\n"
        );
        std::fs::write(&path, config).expect("it can be written");
        // Its own address is nobody else's, so that the port is free.
        let address = format!("{}:9093", crate::site::address());
        let process = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`cargo xtask setup` installs prometheus-alertmanager");
        let this = Self { process, url: format!("http://{address}"), _folder: folder };
        let ready = format!("{}/-/ready", this.url);
        wait_for("alertmanager is ready", async || {
            reqwest::get(&ready).await.is_ok_and(|it| it.status().is_success())
        })
        .await;
        this
    }

    pub(super) async fn raise(&self, name: &str, service: &str) {
        self.send(name, service, None).await;
    }

    /// It ended a moment after it had begun.
    pub(super) async fn resolve(&self, name: &str, service: &str) {
        let list = format!("{}/api/v2/alerts", self.url);
        let all: Vec<Value> = reqwest::get(list).await.expect("an answer").json().await.expect("alerts");
        let it = all.iter().find(|it| it["labels"]["alertname"] == name).expect("it was raised");
        let starts_at: Timestamp = it["startsAt"].as_str().expect("an instant").parse().expect("an instant");
        self.send(name, service, Some(starts_at)).await;
    }

    async fn send(&self, name: &str, service: &str, over_since: Option<Timestamp>) {
        let labels = json!({ "alertname": name, "service": service, "environment": "production" });
        let mut alert = json!({ "labels": labels, "annotations": { "summary": "orders fail" } });
        if let Some(starts_at) = over_since {
            let ends_at = starts_at + SignedDuration::from_millis(1);
            alert["startsAt"] = starts_at.to_string().into();
            alert["endsAt"] = ends_at.to_string().into();
        }
        let url = format!("{}/api/v2/alerts", self.url);
        let answer = reqwest::Client::new().post(url).json(&[alert]).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
}
