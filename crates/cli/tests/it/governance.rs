//! The way of a change through people's hands, on a real control plane with real keys: words, votes, delegates, hotfixes,
//! reviews, scopes, branches and the register of exceptions.
//!
//! The pipeline waits for a moment and deploys nothing: what is tried is who lets it begin.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::host::{Host, until};
use crate::live::Live;
use crate::program::{Said, said, shipway};

mod runbooks;
mod telling;

const SHOP: &str = r#"
apiVersion: shipway.dev/v1
kind: Team
metadata: {name: shop}
spec: {members: [ben]}
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
metadata: {name: quiet}
spec: {stages: [{name: settle, run: {wait: {duration: 10ms}}}]}
---
apiVersion: shipway.dev/v1
kind: Board
metadata: {name: cab}
spec: {members: [eva, fay, gus], sees: [{classes: [normal, major]}], quorum: 2/3, threshold: ">1/2"}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: production}
spec: {pipeline: quiet, targets: {production: 'true'}, protected: true}
"#;

/// A control plane, a host, and people with tokens and keys of the real kind.
struct Town<'f> {
    folder: &'f Path,
    live: Live<'f>,
    _host: Host,
}

impl<'f> Town<'f> {
    fn settle(folder: &'f Path, people: &[&str]) -> Self {
        let live = Live::start(folder);
        fs::write(folder.join("shop.yaml"), SHOP).unwrap();
        live.ok(&["apply", "shop.yaml"]);
        let host = Host::join(folder, &live, "production=true");
        let town = Self { folder, live, _host: host };
        for person in people {
            let token = town.live.ok(&["token", "issue", person, "--role", "approver"]);
            fs::write(folder.join(format!("{person}.token")), token.trim()).unwrap();
            keygen(folder, &["-q", "-N", "", "-t", "ed25519", "-C", person, "-f", person]);
            town.ok(person, &["key", "add", &format!("{person}.pub"), "--label", "laptop"]);
        }
        town
    }

    /// A build of `web`, registered.
    fn build(&self, version: &str) {
        let build = self.folder.join("build").join(version);
        fs::create_dir_all(build.join("bin")).unwrap();
        fs::write(build.join("bin/web"), format!("#!/bin/sh\n# {version}\n")).unwrap();
        let (from, archive) = (format!("build/{version}"), format!("{version}.tar.gz"));
        self.live.ok(&["artifact", "pack", &from, "-o", &archive]);
        self.live.ok(&["artifact", "register", &archive, "--service", "web", "--version", version]);
    }

    /// Seals shop@VERSION and asks for its rollout; its change.
    fn ship(&self, version: &str) -> String {
        self.build(version);
        let part = format!("web={version}");
        self.live.ok(&["release", "create", "shop", version, "--part", &part, "--seal"]);
        let release = format!("shop@{version}");
        change_of(&self.live.ok(&["rollout", "start", &release, "--env", "production", "-o", "json"]))
    }

    fn run(&self, person: &str, args: &[&str]) -> Said {
        let token = fs::read_to_string(self.folder.join(format!("{person}.token"))).unwrap();
        let mut command = shipway(self.folder);
        command.env("SHIPWAY_SERVER", &self.live.address).env("SHIPWAY_TOKEN", token);
        said(&command.args(args).output().unwrap())
    }

    fn ok(&self, person: &str, args: &[&str]) -> String {
        let said = self.run(person, args);
        assert_eq!(said.code, 0, "{person} {args:?}: {}{}", said.out, said.err);
        said.out
    }

    /// As somebody whose word is asked nowhere, with a token for this once.
    fn ok_as_other(&self, name: &str, args: &[&str]) -> String {
        let token = self.live.ok(&["token", "issue", name, "--role", "builder"]);
        fs::write(self.folder.join(format!("{name}.token")), token.trim()).unwrap();
        self.ok(name, args)
    }

    /// What is refused, with its code.
    fn no(&self, person: &str, args: &[&str], code: &str) -> String {
        let said = self.run(person, args);
        assert_eq!(said.code, 1, "{person} {args:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(&format!("({code})")), "{code}: {}", said.err);
        said.err
    }

    fn json(&self, args: &[&str]) -> Value {
        parse(&self.live.ok(&[args, &["-o", "json"]].concat()))
    }

    fn has_ended(&self, change: &str) -> bool {
        let rollout = change.replace("chg_", "rol_");
        self.json(&["rollout", "show", &rollout])["phase"]["state"] == "succeeded"
            || self.live.ok(&["rollout", "show", &rollout]).contains("succeeded")
    }
}

fn keygen(folder: &Path, args: &[&str]) {
    let done = Command::new("ssh-keygen").current_dir(folder).args(args).stdout(Stdio::null()).status();
    assert!(done.expect("ssh-keygen is there: `cargo xtask setup`").success(), "{args:?}");
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(args).output().expect("git is there");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The number of a change is that of its rollout.
fn change_of(rollout: &str) -> String {
    parse(rollout)["id"].as_str().expect("a rollout has an id").replace("rol_", "chg_")
}

#[test]
fn a_change_goes_by_the_owners_word_and_the_boards_and_both_can_be_verified_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben", "cem", "eva", "fay", "gus"]);
    let change = town.ship("1.0.0");
    let agenda = town.json(&["cab", "agenda"]);
    assert_eq!((agenda.as_array().unwrap().len(), agenda[0]["change"].as_str()), (1, Some(&*change)));
    assert_eq!(agenda[0]["tally"]["decided"], "no quorum");

    // The owner is away, and lets cem speak. Nobody else may.
    let word = ["approve", &change, "--key", "cem", "--yes"];
    town.no("cem", &word, "not-asked");
    town.ok("ben", &["delegation", "grant", "cem", "--for", "1d", "--reason", "on leave"]);
    let shown = town.ok("cem", &word);
    assert!(shown.contains("cem for ben"), "{shown}");

    // Two of three are a quorum; a condition holds it until it is met.
    let vote = |person: &str, more: &[&str]| {
        let base = ["cab", "vote", &change, "--board", "cab", "--key", person, "--yes"];
        town.ok(person, &[&base[..], more].concat())
    };
    let own = ["cab", "vote", &change, "--board", "cab", "--key", "cem", "--yes", "--for"];
    town.no("cem", &own, "not-asked");
    vote("eva", &["--for", "--condition", "the rollback was rehearsed"]);
    let stands = vote("fay", &["--for"]);
    assert!(stands.contains("on conditions"), "{stands}");
    let view = town.json(&["cab", "show", &change]);
    let ballot = view["boards"][0]["conditions"][0]["vote"].as_str().unwrap().to_owned();
    town.ok("gus", &["cab", "met", &change, "--board", "cab", "--vote", &ballot, "--note", "in staging"]);
    until("it is shipped", || town.has_ended(&change));

    // Everything again from the events alone, and one word with nothing but OpenSSH.
    let audit = town.json(&["ledger", "approvals"]);
    assert_eq!(audit.as_array().unwrap().len(), 3);
    assert!(audit.as_array().unwrap().iter().all(|it| it["faults"] == Value::Array(Vec::new())), "{audit}");
    let view = town.json(&["change", "show", &change]);
    let word = &view["words"][0];
    let statement = serde_json::to_string(&word["statement"]).unwrap();
    let armoured = word["signature"]["ssh"]["armoured"].as_str().unwrap();
    assert!(openssh_accepts(folder.path(), "cem", &statement, armoured));
    assert!(!openssh_accepts(folder.path(), "cem", &statement.replace("approve\"", "reject\""), armoured));

    let minutes = town.live.ok(&["cab", "minutes", "cab"]);
    for part in [
        "shop@1.0.0 into production",
        "eva at",
        "on condition that the rollback was rehearsed: met",
        "Result: approved",
    ] {
        assert!(minutes.contains(part), "no `{part}` in:\n{minutes}");
    }
    // Without the control plane too.
    drop(town);
    let offline =
        said(&shipway(folder.path()).args(["ledger", "approvals", "--data", "data"]).output().unwrap());
    assert_eq!(offline.code, 0, "{}{}", offline.out, offline.err);
    assert_eq!(offline.out.matches(" yes").count(), 3, "{}", offline.out);
}

/// What an auditor with nothing but OpenSSH says.
fn openssh_accepts(folder: &Path, person: &str, statement: &str, armoured: &str) -> bool {
    let public = fs::read_to_string(folder.join(format!("{person}.pub"))).unwrap();
    fs::write(folder.join("allowed_signers"), format!("{person} {public}")).unwrap();
    fs::write(folder.join("word.sig"), armoured).unwrap();
    let mut child = Command::new("ssh-keygen")
        .current_dir(folder)
        .args([
            "-Y",
            "verify",
            "-I",
            person,
            "-n",
            "approval@shipway.dev",
            "-f",
            "allowed_signers",
            "-s",
            "word.sig",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), statement.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn a_hotfix_goes_at_once_by_a_second_person_and_owes_its_review() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben", "eva", "fay"]);
    town.build("1.0.1");
    town.live.ok(&[
        "release",
        "create",
        "till",
        "1.0.1",
        "--part",
        "web=1.0.1",
        "--class",
        "emergency",
        "--seal",
    ]);
    let plain = town.live.run(&["rollout", "start", "till@1.0.1", "--env", "production"]);
    assert!(plain.err.contains("release hotfix"), "{}", plain.err);
    let base = ["release", "hotfix", "till@1.0.1", "--env", "production", "--reason", "receipts are wrong"];
    let mild = town.live.run(&[&base[..], &["--severity", "low"]].concat());
    assert!(mild.err.contains("the fast lane begins at high"), "{}", mild.err);
    let change = change_of(&town.live.ok(&[&base[..], &["--within", "30m", "-o", "json"]].concat()));
    assert!(town.json(&["cab", "agenda"]).as_array().unwrap().is_empty(), "no board holds it");
    town.ok("ben", &["approve", &change, "--key", "ben", "--yes", "--valid", "30m"]);
    until("it is shipped", || town.has_ended(&change));

    let register = town.json(&["exceptions", "--kind", "hotfix"]);
    assert_eq!(register[0]["standing"], "to be reviewed");
    assert_eq!(register[0]["approvedBy"], serde_json::json!(["ben"]));
    assert_eq!(register[0]["touched"].as_array().unwrap().len(), 1);

    let draft = town.live.ok(&["review", "draft", &change]);
    for part in [
        "# Review of till@1.0.1 into production",
        "ben: approve",
        "It was an emergency.",
        "started",
        "## What let it happen",
    ] {
        assert!(draft.contains(part), "no `{part}` in:\n{draft}");
    }

    // The next normal change waits for the review, whatever words it has.
    let next = town.ship("1.1.0");
    let waits = town.live.ok(&["change", "show", &next]);
    assert!(waits.contains("was an emergency and has not been reviewed"), "{waits}");
    let action = ["--action", "test-rounding=shop@2036-04-01T00:00:00Z"];
    let hold = ["review", "hold", &change, "--summary", "Receipts were wrong.", "--causes", "No test."];
    let held = town.ok("ben", &[&hold[..], &action[..]].concat());
    assert!(held.contains("held"), "{held}");
    assert!(!town.live.ok(&["change", "show", &next]).contains("has not been reviewed"));
    let done = town.ok("ben", &["review", "done", &change, "test-rounding", "--note", "in 1.2.0"]);
    assert!(done.contains("closed"), "{done}");
    assert_eq!(town.json(&["exceptions", "--kind", "hotfix"])[0]["standing"], "closed");
    assert!(town.json(&["exceptions", "--open"]).as_array().unwrap().is_empty());
}

#[test]
fn a_release_brings_what_is_in_its_scope_from_where_releases_come() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben", "eva", "fay"]);
    let repository = r"
apiVersion: shipway.dev/v1
kind: Repository
metadata: {name: shop}
spec: {model: gitflow}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  repository: shop
  deployment:
    command: [bin/web]
    health: {checks: [{name: up, probe: {tcp: {}}}]}
";
    fs::write(folder.path().join("repository.yaml"), repository).unwrap();
    town.live.ok(&["apply", "repository.yaml"]);
    let here = folder.path();
    git(here, &["init", "-q", "-b", "develop"]);
    let commit = |text: &str| {
        let person =
            ["-c", "user.name=ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"];
        git(here, &[&person[..], &["commit", "-q", "--allow-empty", "-m", text]].concat());
    };
    commit("Sell things");
    git(here, &["branch", "release/1.0"]);
    git(here, &["branch", "hotfix/till"]);

    // What the branching does not yield is not sealed.
    town.build("1.0.0");
    let create = ["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal", "--source"];
    let unsourced = town.live.run(&["release", "create", "web", "1.0.0", "--part", "web=1.0.0", "--seal"]);
    assert!(unsourced.err.contains("nobody said from which branch or tag"), "{}", unsourced.err);
    let wrong = town.live.run(&[&create[..], &["shop=develop"]].concat());
    assert!(wrong.err.contains("the branch develop of shop yields no releases"), "{}", wrong.err);

    // Nor is what is not in its scope; late things come in by two others' words.
    town.live.ok(&["release", "scope", "freeze", "shop@1.0.0", "--at", "2026-01-01T00:00:00Z"]);
    let late = [
        "release",
        "scope",
        "late",
        "shop@1.0.0",
        "shop-1",
        "--service",
        "web",
        "--reason",
        "the law changed",
    ];
    let out = town.live.run(&[&create[..], &["shop=release/1.0"]].concat());
    assert!(out.err.contains("(out-of-scope)"), "{}", out.err);
    let asked = parse(&town.live.ok(&[&late[..], &["-o", "json"]].concat()));
    let id = asked["late"][0]["id"].as_str().unwrap();
    let own = town.live.run(&["release", "scope", "approve", id]);
    assert!(own.err.contains("(self-approval)"), "{}", own.err);
    town.ok("eva", &["release", "scope", "approve", id]);
    town.ok("fay", &["release", "scope", "approve", id]);
    let sealed = town.live.ok(&[&create[..], &["shop=release/1.0"]].concat());
    assert!(sealed.contains("source shop branch release/1.0"), "{sealed}");
    let register = town.json(&["exceptions", "--kind", "late-item"]);
    assert_eq!(
        (&register[0]["standing"], &register[0]["why"]),
        (&"let in".into(), &"the law changed".into())
    );

    // A hotfix may come from elsewhere, and owes its way back.
    town.build("1.0.1");
    let create =
        ["release", "create", "shop", "1.0.1", "--part", "web=1.0.1", "--class", "emergency", "--seal"];
    git(here, &["checkout", "-q", "hotfix/till"]);
    commit("Mend the till");
    town.live.ok(&[&create[..], &["--source", "shop=hotfix/till"]].concat());
    let owed = town.json(&["release", "merge-backs"]);
    assert_eq!(owed[0]["missing"], serde_json::json!(["develop", "main"]));
    git(here, &["branch", "main"]);
    git(here, &["checkout", "-q", "develop"]);
    git(here, &["merge", "-q", "hotfix/till"]);
    let head = git(here, &["rev-parse", "HEAD"]);
    let back = ["release", "merged-back", "shop@1.0.1", "--repository", "shop", "--commit", &head];
    assert!(town.live.ok(&back).contains("Every hotfix was merged back."));
}

#[test]
fn a_word_waits_for_the_gates_that_its_rule_names() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben"]);
    let rules = r"
apiVersion: shipway.dev/v1
kind: Policy
metadata: {name: proof}
spec: {gates: [{name: pentest, require: {statement: {kind: penetration-test}}}]}
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: quiet}
spec: {stages: [{name: proof, run: {gates: {policies: [proof]}}}, {name: settle, run: {wait: {duration: 10ms}}}]}
---
apiVersion: shipway.dev/v1
kind: ChangePolicy
metadata: {name: careful}
spec: {normal: {approvals: [{name: owners, from: {owners: true}, afterGates: [pentest]}]}}
---
apiVersion: shipway.dev/v1
kind: Board
metadata: {name: cab}
spec: {members: [eva], sees: [{classes: [major]}]}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: production}
spec: {pipeline: quiet, targets: {production: 'true'}, changePolicy: careful}
";
    fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    town.live.ok(&["apply", "rules.yaml"]);
    let change = town.ship("1.0.0");
    let approve = ["approve", &change, "--key", "ben", "--yes"];
    let refused = town.no("ben", &approve, "gates-first");
    assert!(refused.contains("owners: pentest of web is missing"), "{refused}");
    assert!(refused.contains("shipway explain shop@1.0.0 --env production"), "{refused}");
    fs::write(folder.path().join("report.txt"), "Nothing was found.").unwrap();
    let attach =
        ["evidence", "attach", "report.txt", "--subject", "shop@1.0.0", "--statement", "penetration-test"];
    let more = ["--issuer", "Red Team", "--scope", "web", "--expires", "2036-01-01T00:00:00Z"];
    town.ok_as_other("auditor", &[&attach[..], &more[..]].concat());
    town.ok("ben", &approve);
    until("it is shipped", || town.has_ended(&change));
    let record = town.json(&["change", "show", &change])["record"].clone();
    assert!(record["followed"].to_string().contains("gate pentest of web: satisfied"), "{record}");
}

#[test]
fn the_run_of_a_pipeline_ships_by_privilege_for_a_time_and_everything_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben"]);
    town.build("1.0.0");
    town.live.ok(&["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal"]);
    let token = town.live.ok(&["token", "issue", "ci", "--role", "builder", "--env", "production"]);
    fs::write(folder.path().join("ci.token"), token.trim()).unwrap();
    let start = ["rollout", "start", "shop@1.0.0", "--env", "production"];
    town.no("ci", &start, "forbidden");
    let request = [
        "access",
        "request",
        "--role",
        "operator",
        "--env",
        "production",
        "--for",
        "10m",
        "--reason",
        "it ships",
    ];
    town.no("ci", &request, "invalid-grant");
    let granted = parse(&town.ok("ci", &[&request[..], &["--run", "runs/4711", "-o", "json"]].concat()));
    let id = granted["id"].as_str().unwrap();
    assert!(
        town.live.run(&["access", "approve", id]).err.contains("(self-approval)"),
        "its token is the admin's"
    );
    let other = town.live.ok(&["token", "issue", "root", "--role", "admin"]);
    fs::write(folder.path().join("root.token"), other.trim()).unwrap();
    town.ok("root", &["access", "approve", id]);
    town.ok("ci", &start);
    let entry = &town.json(&["exceptions", "--kind", "privilege"])[0];
    assert!(entry["what"].as_str().unwrap().ends_with("for the run runs/4711"), "{entry}");
    assert!(entry["touched"][0].as_str().unwrap().starts_with("startRollout on"), "{entry}");
    town.ok("root", &["access", "end", id, "--reason", "the run is over"]);
    town.no("ci", &["rollout", "start", "shop@1.0.0", "--env", "production"], "forbidden");
}
