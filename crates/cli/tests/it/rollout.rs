//! Starting, watching and steering rollouts of a real control plane with one host.
//!
//! The pipeline waits for a person and deploys nothing, so every end can be brought about at will.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::host::{Host, until};
use crate::live::Live;
use crate::program::{Said, said};

const SHOP: &str = r"
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
  deployment:
    command: [bin/web]
    health: {checks: [{name: up, probe: {tcp: {}}}]}
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: ask}
spec:
  stages:
    - {name: settle, run: {wait: {duration: 10ms}}}
    - {name: word, run: {approval: {message: Shall it be?}}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: staging}
spec: {pipeline: ask, targets: {staging: 'true'}}
";

/// A control plane, a host, and a sealed release to ship.
struct Stage<'f> {
    live: Live<'f>,
    _host: Host,
}

impl<'f> Stage<'f> {
    fn set(folder: &'f Path) -> Self {
        let live = Live::start(folder);
        fs::write(folder.join("shop.yaml"), SHOP).unwrap();
        live.ok(&["apply", "shop.yaml"]);
        fs::create_dir_all(folder.join("build/bin")).unwrap();
        fs::write(folder.join("build/bin/web"), "#!/bin/sh\n").unwrap();
        live.ok(&["artifact", "pack", "build", "-o", "web.tar.gz"]);
        live.ok(&["artifact", "register", "web.tar.gz", "--service", "web", "--version", "1.0.0"]);
        live.ok(&["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal"]);
        let host = Host::join(folder, &live, "staging=true");
        Self { live, _host: host }
    }

    /// Starts a rollout, and gives its id and the watcher.
    fn ship(&self, extra: &[&str]) -> (String, Child) {
        let args = ["rollout", "start", "shop@1.0.0", "--env", "staging", "--watch"];
        let watcher = self.live.command().args(args).args(extra).stdout(Stdio::piped()).spawn().unwrap();
        let mut id = String::new();
        until("the rollout asks", || {
            let rollouts = self.live.ok(&["rollout", "list", "--live", "-o", "json"]);
            let rollouts: serde_json::Value = serde_json::from_str(&rollouts).unwrap();
            id = rollouts[0]["id"].as_str().unwrap_or_default().to_owned();
            !id.is_empty() && self.live.ok(&["rollout", "show", &id]).contains("waits")
        });
        (id, watcher)
    }
}

fn ended(watcher: Child) -> Said {
    said(&watcher.wait_with_output().unwrap())
}

#[test]
fn the_watcher_ends_with_the_exit_code_of_the_rollout() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    let plan = stage.live.ok(&["plan", "shop@1.0.0", "--env", "staging"]);
    assert!(plan.contains("stage settle") && plan.contains("next: shipway rollout start"), "{plan}");

    let (id, watcher) = stage.ship(&[]);
    assert!(stage.live.ok(&["rollout", "pause", &id, "--reason", "lunch"]).contains("paused: lunch"));
    assert!(!stage.live.ok(&["rollout", "resume", &id]).contains("paused: lunch"));
    stage.live.ok(&["rollout", "approve", &id, "2", "--note", "it shall"]);
    let told = ended(watcher);
    assert_eq!(told.code, 0, "{}", told.out);
    for part in ["shop@1.0.0 into staging: 2 steps", "paused: lunch", "it shall", "succeeded\n"] {
        assert!(told.out.contains(part), "no `{part}` in:\n{}", told.out);
    }
    let first = id.clone();
    let again = stage.live.run(&["rollout", "pause", &id]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains(&format!("next: shipway rollout show {id}")), "{}", again.err);

    stage.live.ok(&["rollout", "rollback", &first, "--reason", "after all"]);
    let told = stage.live.run(&["rollout", "watch", &first]);
    assert_eq!(told.code, 4, "the end that came first is not the end:\n{}", told.out);
    assert!(told.out.contains("after all") && told.out.contains("taken back"), "{}", told.out);

    let (id, watcher) = stage.ship(&[]);
    stage.live.ok(&["rollout", "abort", &id, "--reason", "never mind"]);
    let told = ended(watcher);
    assert_eq!(told.code, 4, "{}", told.out);
    assert!(told.out.contains("aborted") && told.out.contains("never mind"), "{}", told.out);
    assert_eq!(stage.live.run(&["rollout", "watch", &id]).code, 4, "also when it is watched afterwards");

    let (id, watcher) = stage.ship(&["-o", "json"]);
    stage.live.ok(&["rollout", "rollback", &id]);
    let told = ended(watcher);
    assert_eq!(told.code, 4, "{}", told.out);
    let last: serde_json::Value = serde_json::from_str(told.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"]["type"], "rollout.ended");
    assert!(stage.live.ok(&["rollout", "list"]).contains("rolled-back"));
    assert_eq!(stage.live.run(&["rollout", "watch"]).code, 1, "nothing is under way");
}

#[test]
fn the_watcher_waits_for_a_control_plane_that_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::set(folder.path());
    let (id, watcher) = stage.ship(&[]);
    stage.live.kill_and_start_again();
    stage.live.ok(&["rollout", "approve", &id, "2"]);
    let told = ended(watcher);
    assert_eq!(told.code, 0, "{}", told.out);
    assert_eq!(told.out.matches("\nstarted\n").count(), 1, "nothing is told twice:\n{}", told.out);
}

#[test]
fn a_watcher_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    let (id, mut watcher) = stage.ship(&[]);
    let told = stage.live.run(&["rollout", "watch", &id, "--timeout", "200ms"]);
    assert_eq!(told.code, 1);
    assert!(told.err.contains("the rollout goes on"), "{}", told.err);
    stage.live.ok(&["rollout", "abort", &id]);
    watcher.wait().unwrap();
}
