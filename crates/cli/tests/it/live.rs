//! Against a real control plane: declare, register, seal, look, verify.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{Said, said, shipway};

/// A control plane on a free port; it ends with the value.
pub(crate) struct Live<'f> {
    folder: &'f Path,
    child: Child,
    pub(crate) address: String,
}

impl<'f> Live<'f> {
    pub(crate) fn start(folder: &'f Path) -> Self {
        let (child, address) = serve(folder, "127.0.0.1:0");
        Self { folder, child, address }
    }

    /// The same with its ledger in a database.
    pub(crate) fn start_on(folder: &'f Path, store: &str) -> Self {
        let more = ["--admin-token-file", "token", "--store", store];
        let (child, address) = serve_with(folder, "127.0.0.1:0", &more);
        Self { folder, child, address }
    }

    /// The same with these settings too.
    pub(crate) fn start_with(folder: &'f Path, more: &[&str]) -> Self {
        let more = [&["--admin-token-file", "token"], more].concat();
        let (child, address) = serve_with(folder, "127.0.0.1:0", &more);
        Self { folder, child, address }
    }

    /// As a power cut would end it; at the same address again afterwards.
    pub(crate) fn kill_and_start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let listen = self.address.trim_start_matches("http://").to_owned();
        (self.child, _) = serve(self.folder, &listen);
    }

    /// With the admin's token.
    pub(crate) fn command(&self) -> Command {
        let token = fs::read_to_string(self.folder.join("token")).unwrap();
        let mut command = shipway(self.folder);
        command.env("SHIPWAY_SERVER", &self.address).env("SHIPWAY_TOKEN", token.trim());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        said(&self.command().args(args).output().unwrap())
    }

    /// What it says when it ends well.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}: {}{}", said.out, said.err);
        said.out
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process, and where it listens.
fn serve(folder: &Path, listen: &str) -> (Child, String) {
    serve_with(folder, listen, &["--admin-token-file", "token"])
}

fn serve_with(folder: &Path, listen: &str, more: &[&str]) -> (Child, String) {
    let mut child = shipway(folder)
        .args(["serve", "--data", "data", "--listen", listen])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split_whitespace().last().expect("it says where it listens").to_owned();
    (child, address)
}

const SHOP: &str = r"
apiVersion: shipway.dev/v1
kind: Team
metadata: {name: shop}
spec: {members: [ana]}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web, description: The shop window.}
spec:
  owner: shop
  deployment:
    command: [bin/web]
    health: {checks: [{name: up, probe: {http: {path: /healthz}}}]}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: staging}
spec: {targets: {staging: 'true'}}
";

#[test]
fn whoever_starts_it_can_have_another_admin_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = Live::start(folder.path());
    live.child.kill().unwrap();
    live.child.wait().unwrap();
    fs::rename(folder.path().join("token"), folder.path().join("lost")).unwrap();
    let more = ["--admin-token-file", "token", "--new-admin-token"];
    (live.child, live.address) = serve_with(folder.path(), "127.0.0.1:0", &more);
    assert!(live.ok(&["whoami"]).starts_with("admin (admin)"));
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_ne!(read("token"), read("lost"));
}

#[test]
fn a_release_is_declared_registered_sealed_and_everything_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start(folder.path());
    fs::write(folder.path().join("shop.yaml"), SHOP).unwrap();
    fs::create_dir_all(folder.path().join("build/bin")).unwrap();
    fs::write(folder.path().join("build/bin/web"), "#!/bin/sh\n").unwrap();

    assert!(live.ok(&["whoami"]).starts_with("admin (admin) at http://"));
    assert!(live.ok(&["diff", "shop.yaml"]).ends_with("3 created, 0 updated, 0 unchanged\n"));
    assert!(live.ok(&["apply", "shop.yaml"]).contains("+ Service web\n"));
    assert!(live.ok(&["apply", "shop.yaml"]).ends_with("0 created, 0 updated, 3 unchanged\n"));
    fs::write(folder.path().join("shop.yaml"), SHOP.replace("[ana]", "[ana, ben]")).unwrap();
    assert!(live.ok(&["diff", "shop.yaml"]).contains("~ Team shop\n"));

    assert!(live.ok(&["get", "services"]).contains("web"));
    fs::write(folder.path().join("again.yaml"), live.ok(&["get", "service", "web"])).unwrap();
    assert!(live.ok(&["apply", "again.yaml"]).ends_with("0 created, 0 updated, 1 unchanged\n"));
    assert!(live.ok(&["graph"]).contains("is owned by shop"));

    live.ok(&["artifact", "pack", "build", "-o", "web.tar.gz"]);
    let register = [
        "artifact",
        "register",
        "web.tar.gz",
        "--service",
        "web",
        "--version",
        "1.0.0",
        "--commit",
        "c0ffee",
    ];
    assert!(live.ok(&register).contains("registered web 1.0.0"));
    assert!(live.ok(&register).contains("registered web 1.0.0"), "the same build may come again");
    assert!(live.ok(&["artifact", "list"]).contains("c0ffee"));
    fs::write(folder.path().join("build/bin/web"), "#!/bin/bash\n").unwrap();
    live.ok(&["artifact", "pack", "build", "-o", "other.tar.gz"]);
    let other = live.run(&["artifact", "register", "other.tar.gz", "--service", "web", "--version", "1.0.0"]);
    assert_eq!(other.code, 1);
    assert!(
        other.err.contains("artifact-differs") && other.err.contains("next: shipway artifact list"),
        "{}",
        other.err
    );

    let created = live.ok(&[
        "release",
        "create",
        "shop",
        "1.0.0",
        "--part",
        "web=1.0.0",
        "--document",
        "notes=shop.yaml",
    ]);
    assert!(created.contains("next: shipway release seal shop@1.0.0"), "{created}");
    assert!(live.ok(&["release", "seal", "shop@1.0.0"]).contains("sealed"));
    assert!(live.ok(&["release", "list"]).contains("shop@1.0.0"));
    let missing = live.run(&["release", "create", "shop", "2.0.0", "--part", "web=2.0.0"]);
    assert!(missing.code == 1 && missing.err.contains("no build of web 2.0.0"), "{}", missing.err);

    let plan = live.run(&["plan", "shop@1.0.0", "--env", "staging"]);
    assert!(
        plan.code == 1 && plan.err.contains("no-targets"),
        "no host has joined: {}{}",
        plan.out,
        plan.err
    );

    assert!(live.ok(&["pause", "--env", "staging", "--reason", "lunch"]).contains("lunch"));
    assert_eq!(live.ok(&["resume", "--env", "staging"]), "Nothing is paused.\n");
    assert!(live.ok(&["env", "list"]).contains("staging"));
    assert!(live.ok(&["env", "show", "staging"]).contains("nothing shipped yet"));
    assert!(live.ok(&["env", "queue", "staging"]).contains("Nothing is under way"));
    assert_eq!(live.ok(&["agents", "list"]), "No agent has registered.\n");
    assert_eq!(live.ok(&["rollout", "list"]), "There is no rollout.\n");

    let secret = live.ok(&["token", "issue", "ci", "--role", "viewer", "--expires", "1h"]);
    let refused = live.run(&["apply", "shop.yaml", "--token", secret.trim()]);
    assert!(refused.code == 1 && refused.err.contains("forbidden"), "{}", refused.err);
    let tokens: serde_json::Value = serde_json::from_str(&live.ok(&["token", "list", "-o", "json"])).unwrap();
    let id = tokens.as_array().unwrap().iter().find(|it| it["name"] == "ci").unwrap()["id"].as_str().unwrap();
    live.ok(&["token", "revoke", id]);
    let revoked = live.run(&["whoami", "--token", secret.trim()]);
    assert!(revoked.code == 1 && revoked.err.contains("unauthenticated"), "{}", revoked.err);

    assert!(live.ok(&["ledger", "show"]).contains("release.sealed"));
    assert!(live.ok(&["ledger", "proof", "0"]).starts_with("c2sp.org/tlog-proof@v1\n"));
    assert!(live.ok(&["ledger", "verify", "--key", "data/checkpoint.pub"]).contains("sound"));
    let size = live.ok(&["ledger", "head"]);
    drop(live);

    let offline =
        said(&shipway(folder.path()).args(["ledger", "verify", "--data", "data"]).output().unwrap());
    assert_eq!(offline.code, 0, "{}", offline.err);
    let events = size.lines().next().unwrap().trim_start_matches("size").trim().to_owned();
    assert!(offline.out.contains(&format!("sound: {events} events")), "{} {size}", offline.out);
}

#[test]
fn a_changed_event_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start(folder.path());
    fs::write(folder.path().join("shop.yaml"), SHOP).unwrap();
    live.ok(&["apply", "shop.yaml"]);
    drop(live);
    let verify =
        || said(&shipway(folder.path()).args(["ledger", "verify", "--data", "data"]).output().unwrap());
    assert_eq!(verify().code, 0);

    let ledger = rusqlite::Connection::open(folder.path().join("data/ledger.sqlite")).unwrap();
    let change =
        "UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'The shop', 'the shop') AS BLOB)";
    ledger.execute(&format!("{change} WHERE instr(CAST(bytes AS TEXT), 'The shop') > 0"), []).unwrap();
    assert_eq!(ledger.changes(), 1);
    ledger.close().unwrap();

    let said = verify();
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("the ledger is not sound"), "{}", said.err);
    assert!(said.err.contains("next: shipway ledger show --from "), "{}", said.err);
}

#[test]
fn a_history_that_is_not_the_kept_one_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start(folder.path());
    let kept = |name: &str, args: &[&str]| fs::write(folder.path().join(name), live.ok(args)).unwrap();
    kept("shown", &["ledger", "head"]);
    kept("head.json", &["ledger", "head", "-o", "json"]);
    fs::write(folder.path().join("shop.yaml"), SHOP).unwrap();
    live.ok(&["apply", "shop.yaml"]);
    let both = ["--key", "data/checkpoint.pub", "--checkpoint", "shown", "--checkpoint", "head.json"];
    let online = live.ok(&[&["ledger", "verify"], &both[..]].concat());
    assert!(online.contains("agrees with 2 checkpoint(s) kept from before"), "{online}");
    let keyless = live.run(&["ledger", "verify", "--checkpoint", "shown"]);
    assert!(keyless.code != 0 && keyless.err.contains("no key was given"), "{}", keyless.err);
    drop(live);

    let verify = |args: &[&str]| {
        said(
            &shipway(folder.path()).args(["ledger", "verify", "--data", "data"]).args(args).output().unwrap(),
        )
    };
    assert_eq!(verify(&both).code, 0);
    // Wiped, and the head with it: what is left is sound in itself, but not what was kept.
    let ledger = rusqlite::Connection::open(folder.path().join("data/ledger.sqlite")).unwrap();
    ledger.execute_batch("DELETE FROM events; UPDATE head SET size = 0").unwrap();
    let wiped = verify(&[]);
    assert!(wiped.code == 1 && wiped.err.contains("ends too early"), "{}{}", wiped.out, wiped.err);
    ledger.execute_batch("UPDATE head SET checkpoint = ''").unwrap();
    drop(ledger);
    assert_eq!(verify(&[]).code, 0);
    let missed = verify(&both);
    assert!(missed.code == 1 && missed.err.contains("ends too early"), "{}{}", missed.out, missed.err);
}

#[test]
fn a_ledger_without_its_key_is_not_given_another() {
    let folder = tempfile::tempdir().unwrap();
    drop(Live::start(folder.path()));
    let data = folder.path().join("data");
    let public = fs::read(data.join("checkpoint.pub")).unwrap();
    fs::rename(data.join("checkpoint.key"), data.join("elsewhere")).unwrap();
    let said = said(
        &shipway(folder.path())
            .args(["serve", "--data", "data", "--listen", "127.0.0.1:0"])
            .output()
            .unwrap(),
    );
    assert!(said.code == 1 && said.err.contains("the key that signs them is missing"), "{}", said.err);
    assert_eq!(fs::read(data.join("checkpoint.pub")).unwrap(), public);
    fs::rename(data.join("elsewhere"), data.join("checkpoint.key")).unwrap();
    Live::start(folder.path()).ok(&["ledger", "verify", "--key", "data/checkpoint.pub"]);
}

#[test]
fn what_the_control_plane_keeps_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let _live = Live::start(folder.path());
    let mut folders = vec![folder.path().join("data")];
    let mut n_seen = 0;
    while let Some(path) = folders.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let mode = metadata.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", path.display());
        n_seen += 1;
        if metadata.is_dir() {
            folders.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
        }
    }
    assert!(n_seen > 6, "the ledger, its lock, the key, blobs and logs: {n_seen}");
}
