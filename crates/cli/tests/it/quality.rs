//! What is known of tests, contracts and environments, over a real control plane with one host.
//!
//! Pipelines wait for a person and deploy nothing, so what runs and what is on its way can be brought about at will.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::host::{Host, until};
use crate::live::Live;
use crate::program::Said;

const SHOP: &str = r"
apiVersion: shipway.dev/v1
kind: Team
metadata: {name: shop}
spec: {}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: shop
  deployment:
    command: [bin/run]
    health: {checks: [{name: up, probe: {tcp: {}}}]}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  dependsOn: [{service: checkout}]
  deployment:
    command: [bin/run]
    environment: {LEVEL: info}
    health: {checks: [{name: up, probe: {tcp: {}}}]}
---
apiVersion: shipway.dev/v1
kind: Policy
metadata: {name: proof}
spec:
  gates:
    - {name: unit, services: [checkout], require: {tests: {}}}
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: ask}
spec:
  stages:
    - {name: word, run: {approval: {message: Shall it be?}}}
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: gated}
spec:
  stages:
    - {name: gates, run: {gates: {policies: [proof]}}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: staging}
spec: {pipeline: ask, targets: {stage: 'true'}, characteristics: {latency: 1ms}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: production}
spec:
  pipeline: gated
  targets: {stage: 'true'}
  variables: {web: {LEVEL: error}}
  characteristics: {latency: 9ms}
";

struct Stage<'f> {
    folder: &'f Path,
    live: Live<'f>,
    _host: Host,
}

impl<'f> Stage<'f> {
    fn set(folder: &'f Path) -> Self {
        let live = Live::start(folder);
        fs::write(folder.join("shop.yaml"), SHOP).unwrap();
        live.ok(&["apply", "shop.yaml"]);
        let host = Host::join(folder, &live, "stage=true");
        Self { folder, live, _host: host }
    }

    /// A registered build with bytes of its own, by its digest.
    fn build(&self, service: &str, version: &str) -> String {
        let at = self.folder.join("build/bin");
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join("run"), format!("#!/bin/sh\n# {service} {version}\n")).unwrap();
        self.live.ok(&["artifact", "pack", "build", "-o", "build.tar.gz"]);
        let register = ["artifact", "register", "build.tar.gz", "--service", service, "--version", version];
        let said = json(&self.live.ok(&[&register[..], &["-o", "json"]].concat()));
        said["digest"].as_str().unwrap().to_owned()
    }

    fn release(&self, version: &str, parts: &[&str]) {
        let mut args = vec!["release", "create", "shop", version, "--seal"];
        for part in parts {
            args.extend(["--part", part]);
        }
        self.live.ok(&args);
    }

    /// A rollout that waits for the word.
    fn ship(&self, version: &str) -> String {
        let release = format!("shop@{version}");
        let said = json(&self.live.ok(&["rollout", "start", &release, "--env", "staging", "-o", "json"]));
        let id = said["id"].as_str().unwrap().to_owned();
        until("the rollout asks", || self.live.ok(&["rollout", "show", &id]).contains("waits"));
        id
    }

    fn let_pass(&self, id: &str) {
        self.live.ok(&["rollout", "approve", id, "1", "--note", "yes"]);
        until("it has ended", || self.live.ok(&["rollout", "show", id]).contains("succeeded"));
    }

    fn attach(&self, name: &str, text: &str, subject: &str) {
        fs::write(self.folder.join(name), text).unwrap();
        self.live.ok(&["evidence", "attach", name, "--subject", subject]);
    }

    fn can_deploy(&self, args: &[&str]) -> (i32, Value, String) {
        let said = self.live.run(&[&["can-deploy"], args, &["-o", "json"]].concat());
        // What is refused is told to people alone.
        let view = serde_json::from_str(&said.out).unwrap_or_default();
        (said.code, view, format!("{}{}", said.out, said.err))
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn pact(interaction: &str) -> String {
    format!(
        r#"{{"consumer": {{"name": "web"}}, "provider": {{"name": "checkout"}}, "interactions": [
          {{"description": "{interaction}", "request": {{"method": "GET", "path": "/"}}, "response": {{"status": 200}}}}
        ], "metadata": {{"pactSpecification": {{"version": "3.0.0"}}}}}}"#
    )
}

/// As the broker gives it.
fn verification(consumer_version: &str, success: bool) -> String {
    let base = "http://broker.example/pacts/provider/checkout/consumer/web";
    format!(
        r#"{{"providerName": "checkout", "providerApplicationVersion": "1.1.0", "success": {success}, "_links": {{
          "self": {{"href": "{base}/pact-version/{consumer_version}abc/verification-results/1"}},
          "pb:pact-version": {{"href": "{base}/version/{consumer_version}"}}}}}}"#
    )
}

#[test]
fn a_build_may_go_where_its_pacts_with_what_runs_and_what_comes_were_verified() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    stage.build("checkout", "1.0.0");
    let web = stage.build("web", "1.0.0");
    stage.release("1.0.0", &["checkout=1.0.0", "web=1.0.0"]);
    let first = stage.ship("1.0.0");
    stage.let_pass(&first);

    let candidate = stage.build("checkout", "1.1.0");
    stage.attach("web.pact.json", &pact("an order"), &web);
    let ask = ["checkout@1.1.0", "--env", "staging"];
    let (code, view, said) = stage.can_deploy(&ask);
    assert_eq!((code, view["answer"].as_str()), (5, Some("unknown")), "{said}");
    assert!(said.contains("nobody has verified checkout 1.1.0 against what web 1.0.0 expects"), "{said}");

    stage.attach("verified.json", &verification("1.0.0", true), &candidate);
    let (code, view, said) = stage.can_deploy(&ask);
    assert_eq!((code, view["answer"].as_str()), (0, Some("true")), "{said}");
    let people = stage.live.ok(&["can-deploy", "checkout@1.1.0", "--env", "staging"]);
    assert!(people.contains("may go into staging") && people.contains("web 1.0.0, which runs"), "{people}");

    // Another web is on its way, which expects more.
    let web = stage.build("web", "1.1.0");
    stage.attach("new.pact.json", &pact("an order and its cart"), &web);
    stage.release("1.1.0", &["web=1.1.0"]);
    let second = stage.ship("1.1.0");
    let (code, _, said) = stage.can_deploy(&ask);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains(&format!("web 1.1.0, which {second} brings")), "{said}");
    stage.attach("refuted.json", &verification("1.1.0", false), &candidate);
    let (code, view, said) = stage.can_deploy(&ask);
    assert_eq!((code, view["answer"].as_str()), (1, Some("false")), "{said}");

    let (code, _, said) = stage.can_deploy(&["checkout@9.9.9", "--env", "staging"]);
    assert!(code == 1 && said.contains("no build checkout@9.9.9"), "{said}");
    let (code, _, said) = stage.can_deploy(&["shop@1.1.0", "--release", "--env", "staging"]);
    assert!(code == 5 && said.contains("checkout 1.0.0, which runs"), "new web over old checkout: {said}");

    let said = stage.live.run(&["env", "parity", "staging", "production", "-o", "json"]);
    let names: Vec<String> = json(&said.out)["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "characteristics/latency",
        "settings/web/LEVEL",
        "versions/checkout",
        "versions/web",
        "way/pipeline",
    ];
    assert_eq!((said.code, &names[..]), (1, &expected.map(str::to_owned)[..]));
    let meant = [
        "--ignore",
        "characteristics/*",
        "--ignore",
        "settings/*",
        "--ignore",
        "versions/*",
        "--ignore",
        "way/*",
    ];
    let same = stage.live.run(&[&["env", "parity", "staging", "production"], &meant[..]].concat());
    assert!(same.code == 0 && same.out.contains("is like"), "{}", same.out);
}

/// The second waits behind the first, whose gates have been asked before anybody said a word about the second.
#[test]
fn evidence_about_what_comes_next_asks_the_gates_of_what_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    stage.build("checkout", "1.0.0");
    let web = stage.build("web", "1.0.0");
    stage.release("1.0.0", &["checkout=1.0.0"]);
    stage.release("2.0.0", &["web=1.0.0"]);
    let n_decisions = || json(&stage.live.ok(&["decision", "list", "-o", "json"])).as_array().unwrap().len();
    stage.live.ok(&["rollout", "start", "shop@1.0.0", "--env", "production"]);
    until("its gates are asked", || n_decisions() == 1);
    stage.live.ok(&["rollout", "start", "shop@2.0.0", "--env", "production"]);
    stage.attach("web.xml", "<testsuite name='unit'><testcase name='shows'/></testsuite>", &web);
    until("they are asked again", || n_decisions() > 1);
}

fn report(adds: &str, moody: &str) -> String {
    format!(
        "<testsuite name='unit'><testcase name='adds'>{adds}</testcase><testcase name='moody' time='0.5'>{moody}</testcase></testsuite>"
    )
}

const FAILED: &str = "<failure message='3 is not 4'/>";

#[test]
fn a_flaky_test_is_found_set_aside_and_counts_again_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    let digest = stage.build("checkout", "1.0.0");
    stage.release("1.0.0", &["checkout=1.0.0"]);
    let flaky = ["tests", "flaky", "--service", "checkout"];
    assert!(stage.live.ok(&flaky).contains("No test of checkout is known to be flaky"));

    stage.attach("junit.xml", &report("", ""), &digest);
    stage.attach("junit.xml", &report("", FAILED), &digest);
    let said = stage.live.run(&[&flaky[..], &["-o", "json"]].concat());
    let view = json(&said.out);
    assert_eq!(
        (said.code, view["tests"].as_array().unwrap().len(), view["reports"].as_u64()),
        (1, 1, Some(2))
    );
    assert_eq!(
        (view["tests"][0]["test"].as_str(), view["tests"][0]["disagreeing"].as_u64()),
        (Some("moody"), Some(1))
    );
    assert!((view["tests"][0]["confidence"].as_f64().unwrap() - 0.9801).abs() < 1e-9, "{view}");

    let explain = || -> Said { stage.live.run(&["explain", "shop@1.0.0", "--env", "production"]) };
    assert_eq!(explain().code, 1, "the gate hears the failure");
    let begin = [
        "tests",
        "quarantine",
        "begin",
        "moody",
        "--service",
        "checkout",
        "--owner",
        "ana",
        "--reason",
        "slow",
    ];
    let refused = stage.live.run(&[&begin[..], &["--for", "200d"]].concat());
    assert!(refused.code == 1 && refused.err.contains("invalid-quarantine"), "{}", refused.err);
    let begun = json(&stage.live.ok(&[&begin[..], &["--for", "14d", "-o", "json"]].concat()));
    let id = begun["id"].as_str().unwrap();
    let twice = stage.live.run(&[&begin[..], &["--for", "2d"]].concat());
    assert!(twice.code == 1 && twice.err.contains(id), "{}", twice.err);
    let heeded = explain();
    assert!(heeded.code == 0, "{}", heeded.out);
    let held = stage.live.run(&flaky);
    assert!(
        held.code == 0 && held.out.contains(id),
        "a test that somebody mends is no surprise: {}",
        held.out
    );

    stage.attach("junit.xml", &report("", FAILED).replace("0.5", "0.7"), &digest);
    let list = json(&stage.live.ok(&["tests", "quarantine", "list", "-o", "json"]));
    assert_eq!(
        (list[0]["hides"]["failed"].as_u64(), list[0]["hides"]["last"].as_str()),
        (Some(1), Some("failed"))
    );
    stage.live.ok(&["tests", "quarantine", "end", id, "--reason", "mended"]);
    assert_eq!(explain().code, 1, "it counts again");
    stage.live.ok(&[&begin[..], &["--for", "2s"]].concat());
    until("the quarantine lapses, and blocks", || explain().code == 1);
    let all = json(&stage.live.ok(&["tests", "quarantine", "list", "--all", "-o", "json"]));
    let standings: Vec<_> =
        all.as_array().unwrap().iter().map(|it| it["standing"].as_str().unwrap()).collect();
    assert_eq!(standings, ["lapsed", "ended"]);

    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "map.lcov",
        "TN:adds\nSF:src/sum.rs\nDA:1,1\nend_of_record\nTN:moody\nSF:src/pay.rs\nDA:1,1\nend_of_record\n",
    );
    write(
        "change.diff",
        "diff --git a/src/sum.rs b/src/sum.rs\n--- a/src/sum.rs\n+++ b/src/sum.rs\n@@ -1 +1 @@\n-a\n+b\n",
    );
    let select = ["tests", "select", "--coverage", "map.lcov", "--diff", "change.diff", "-o", "json"];
    let chosen = json(&stage.live.ok(&[&select[..], &["--service", "checkout", "--shards", "2"]].concat()));
    let names: Vec<_> =
        chosen["selected"].as_array().unwrap().iter().map(|it| it["test"].as_str().unwrap()).collect();
    assert_eq!(names, ["adds", "moody"], "moody failed last: {chosen}");
    assert_eq!(chosen["shards"].as_array().unwrap().len(), 2);
    let chosen = json(&crate::program::run(folder.path(), &select).out);
    assert_eq!(chosen["leftOut"][0]["test"], "moody");
    assert_eq!(chosen["risk"], 0.5, "nothing is known of its past: {chosen}");
}

/// Takes what is posted and notes the attributes; refuses the first request.
fn sink() -> (String, std::sync::mpsc::Receiver<(String, String)>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for (idx, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut kind, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                    break;
                }
                let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                match name.to_ascii_lowercase().as_str() {
                    // What tells those apart that are sent here.
                    "ce-type" | "authorization" => kind = value.trim().to_owned(),
                    "content-length" => length = value.trim().parse().unwrap(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            if idx > 0 && sender.send((kind, String::from_utf8(body).unwrap())).is_err() {
                return;
            }
            let status = if idx == 0 { "503 Service Unavailable" } else { "202 Accepted" };
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    (url, receiver)
}

#[test]
fn what_happened_is_told_to_others_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    stage.build("checkout", "1.0.0");
    stage.release("1.0.0", &["checkout=1.0.0"]);
    let id = stage.ship("1.0.0");
    stage.let_pass(&id);
    let (url, received) = sink();
    let tell = ["cdevents", "--to", &url, "--state", "position"];
    stage.live.ok(&tell);
    let kinds = |received: &std::sync::mpsc::Receiver<(String, String)>| -> Vec<String> {
        received.try_iter().map(|(kind, _)| kind).collect()
    };
    let expected = ["dev.cdevents.artifact.published.0.1.1", "dev.cdevents.service.deployed.0.1.1"];
    assert_eq!(kinds(&received), expected, "the first is sent again until it is taken");
    stage.live.ok(&tell);
    assert_eq!(kinds(&received), Vec::<String>::new(), "nothing is told twice");
    stage.build("checkout", "1.1.0");
    stage.live.ok(&tell);
    assert_eq!(kinds(&received), expected[..1]);
    let lines = stage.live.ok(&["cdevents"]);
    let last = json(lines.lines().nth(1).unwrap());
    assert_eq!(last["subject"]["content"]["environment"]["id"], "staging");
}

/// Ends with the test, whatever becomes of it.
struct Following(std::process::Child);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn what_runs_where_is_exported_with_every_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    let before = json(&stage.live.ok(&["inventory", "export"]));
    let (url, received) = sink();
    let follow = ["inventory", "export", "--form", "servicenow", "--follow", "--to", &url];
    let mut command = stage.live.command();
    command.args(follow).env("SHIPWAY_CMDB_AUTHORIZATION", "Basic c2hpcHdheQ==");
    let _following = Following(command.spawn().unwrap());
    let next = || received.recv_timeout(std::time::Duration::from_secs(60)).expect("it is exported again");
    let (authorization, body) = next();
    assert_eq!(
        (authorization.as_str(), &json(&body)["items"]),
        ("Basic c2hpcHdheQ==", &serde_json::json!([]))
    );
    stage.build("checkout", "1.0.0");
    fs::write(folder.path().join("up.sql"), "alter table orders add column note text;").unwrap();
    let parts = ["--part", "checkout=1.0.0", "--document", "migrations=up.sql"];
    stage.live.ok(&[&["release", "create", "shop", "1.0.0", "--seal"], &parts[..]].concat());
    let id = stage.ship("1.0.0");
    stage.let_pass(&id);
    let item = json(&next().1)["items"][0]["values"].clone();
    assert_eq!(item["name"], "checkout (staging)");
    assert_eq!((&item["version"], &item["u_migrations"]), (&"1.0.0".into(), &"shop@1.0.0".into()), "{item}");
    let lines = stage.live.ok(&["inventory", "export", "--form", "csv"]);
    assert!(lines.contains("staging,checkout,1.0.0,shop@1.0.0,sha256:"), "{lines}");
    stage.live.ok(&["inventory", "export", "--form", "csv", "--to", "services.csv"]);
    assert_eq!(fs::read_to_string(folder.path().join("services.csv")).unwrap(), lines);
    let told = stage.live.ok(&["inventory", "show"]);
    assert!(told.contains("checkout") && told.contains("shop@1.0.0"), "{told}");
    let then = stage.live.ok(&["inventory", "export", "--as-of", before["at"].as_str().unwrap()]);
    assert_eq!(json(&then)["items"], serde_json::json!([]));
}

/// Another team's.
const BILLING: &str = r"
apiVersion: shipway.dev/v1
kind: Team
metadata: {name: money}
spec: {}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: billing}
spec:
  owner: money
  deployment:
    command: [bin/run]
    health: {checks: [{name: up, probe: {tcp: {}}}]}
";

#[test]
fn a_rehearsal_of_two_teams_measures_who_answers_and_is_evidence_for_what_it_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    fs::write(folder.path().join("billing.yaml"), BILLING).unwrap();
    stage.live.ok(&["apply", "billing.yaml"]);
    let builds = [stage.build("checkout", "1.0.0"), stage.build("billing", "3.1.0")];
    stage.release("1.0.0", &["checkout=1.0.0"]);
    stage.live.ok(&["release", "create", "invoices", "3.1.0", "--seal", "--part", "billing=3.1.0"]);
    let friday =
        "{ name: friday, environment: staging, releases: [shop@1.0.0, invoices@3.1.0], people: [admin],
      answerWithin: 1m, load: [sh, -c, 'echo $SHIPWAY_REHEARSAL > load; exec sleep 600'] }";
    fs::write(folder.path().join("friday.yaml"), friday).unwrap();
    let (url, received) = sink();
    let evidence = ["--attach", "--issuer", "release-managers", "--expires", "2099-01-01T00:00:00Z"];
    let mut command = stage.live.command();
    command.args(["rehearse", "friday.yaml", "--notices", &url, "--report", "friday.json"]).args(evidence);
    let mut rehearsing = Following(command.spawn().unwrap());
    let (_, notice) = received.recv_timeout(std::time::Duration::from_secs(60)).expect("people are told");
    let notice = json(&notice);
    assert_eq!((&notice["exercise"], &notice["people"][0]), (&true.into(), &"admin".into()), "{notice}");
    let first = notice["rollout"].as_str().unwrap();
    until("the rollout asks", || stage.live.ok(&["rollout", "show", first]).contains("waits"));
    assert_eq!(fs::read_to_string(folder.path().join("load")).unwrap(), "friday\n");
    let rollouts = || json(&stage.live.ok(&["rollout", "list", "-o", "json"])).as_array().unwrap().clone();
    assert_eq!(rollouts().len(), 1, "the second team begins when the first has handed over");
    stage.let_pass(first);
    stage.live.ok(&["rollout", "note", first, "on it"]);
    until("the next team's rollout begins", || rollouts().len() == 2);
    let second =
        rollouts().iter().map(|it| it["id"].as_str().unwrap().to_owned()).find(|it| it != first).unwrap();
    until("the rollout asks", || stage.live.ok(&["rollout", "show", &second]).contains("waits"));
    stage.let_pass(&second);
    assert!(rehearsing.0.wait().unwrap().success());
    let report = json(&fs::read_to_string(folder.path().join("friday.json")).unwrap());
    assert_eq!((&report["passed"], &report["underLoad"]), (&true.into(), &true.into()), "{report}");
    for leg in [0, 1] {
        assert_eq!(report["legs"][leg]["handoffs"][0]["by"], "admin", "{report}");
    }
    assert!(report["calls"][0]["took"].is_string(), "{report}");
    // About the builds that were shipped, and nothing else.
    let about = |subject: &str| stage.live.ok(&["evidence", "list", "--subject", subject]);
    for build in &builds {
        assert!(about(build).contains("rehearsal"), "{}", about(build));
    }
    let other = stage.build("checkout", "1.0.1");
    assert!(!about(&other).contains("rehearsal"));
}

#[test]
fn a_rehearsal_gives_up_when_its_time_is_over_and_says_what_did_not_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    stage.build("checkout", "1.0.0");
    stage.release("1.0.0", &["checkout=1.0.0"]);
    stage.release("1.0.1", &["checkout=1.0.0"]);
    let friday = "{ name: friday, environment: staging, releases: [shop@1.0.0, shop@1.0.1] }";
    fs::write(folder.path().join("friday.yaml"), friday).unwrap();
    let said = stage.live.run(&["rehearse", "friday.yaml", "--timeout", "1s", "-o", "json"]);
    let report = json(&said.out);
    assert_eq!((said.code, &report["passed"]), (1, &false.into()), "{report}{}", said.err);
    let legs = report["legs"].as_array().unwrap();
    assert_eq!((legs.len(), &legs[0]["succeeded"]), (1, &false.into()), "{report}");
    // It goes on without whoever rehearsed.
    let id = legs[0]["rollout"].as_str().unwrap();
    until("the rollout asks", || stage.live.ok(&["rollout", "show", id]).contains("waits"));
}
