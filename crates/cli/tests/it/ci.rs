//! CI systems that tell a real control plane what they did, each proving itself in its own way; and a way back that is tried
//! before it is needed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shipway_model::Digest;

use crate::live::Live;
use crate::program::run;
use crate::trust::{declare, explained, release};

const SECRET: &str = "It's a Secret to Everybody";
const COMMIT: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
/// Byte for byte what is signed: the signature is over it.
const RUN: &str = r#"{"action":"completed","workflow_run":{"name":"Build","head_branch":"main","head_sha":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","conclusion":"success","html_url":"https://github.com/acme/shop/actions/runs/1"},"repository":{"html_url":"https://github.com/acme/shop"}}"#;
const RUN_SIGNATURE: &str = "sha256=a167288c10bf2d60e1b4466f9500be7baa5f50f4fcdef472dfcb92e523f3e55c";

const WEBHOOKS: &str = "
apiVersion: shipway.dev/v1
kind: Webhook
metadata: {name: NAME}
spec: {sender: NAME, secret: {file: FILE}}
";

/// The status and the body of the answer.
fn send(live: &Live<'_>, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
    let host = live.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let json = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(json).unwrap_or(Value::Null))
}

fn hook(live: &Live<'_>, name: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let all = [&[("content-type", "application/json")], headers].concat();
    send(live, "POST", &format!("/api/v1/webhooks/{name}"), &all, body.as_bytes())
}

fn told(live: &Live<'_>, args: &[&str]) -> Vec<Value> {
    let list = live.ok(&[&["webhook", "list", "-o", "json"], args].concat());
    serde_json::from_str(&list).unwrap()
}

fn size(live: &Live<'_>) -> u64 {
    let head: Value = serde_json::from_str(&live.ok(&["ledger", "head", "-o", "json"])).unwrap();
    head["size"].as_u64().unwrap_or_else(|| panic!("{head}"))
}

#[test]
fn what_ci_systems_tell_is_recorded_once_for_whoever_knows_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start(folder.path());
    declare(&live, folder.path(), "{name: unit, require: {tests: {}}}");
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let all = ["github", "gitlab", "jenkins", "cdevents"]
        .map(|name| WEBHOOKS.replace("NAME", name).replace("FILE", &secret.display().to_string()));
    fs::write(folder.path().join("webhooks.yaml"), all.join("---")).unwrap();
    live.ok(&["apply", "webhooks.yaml"]);
    fs::create_dir_all(folder.path().join("build/bin")).unwrap();
    fs::write(folder.path().join("build/bin/web"), "1.0.0").unwrap();
    live.ok(&["artifact", "pack", "build", "-o", "web.tar.gz"]);
    let register = ["artifact", "register", "web.tar.gz", "--service", "web", "--version", "1.0.0"];
    live.ok(&[&register[..], &["--commit", &COMMIT[..10]]].concat());

    // GitHub signs the bytes.
    let github = [("x-github-event", "workflow_run"), ("x-github-delivery", "72d3162e-cc78")];
    let before = size(&live);
    for wrong in ["sha256=00", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"] {
        let signed = [&github[..], &[("x-hub-signature-256", wrong)]].concat();
        assert_eq!(hook(&live, "github", &signed, RUN).0, 401, "{wrong}");
    }
    assert_eq!(hook(&live, "github", &github, RUN).0, 401, "without a signature");
    assert_eq!(hook(&live, "nobody", &github, RUN).0, 401, "what is not declared is not told from what is");
    let signed = [&github[..], &[("x-hub-signature-256", RUN_SIGNATURE)]].concat();
    assert_eq!(hook(&live, "github", &signed, &RUN.replace("success", "failure")).0, 401, "other bytes");
    assert_eq!(hook(&live, "jenkins", &signed, RUN).0, 401, "another sender's proof");
    assert_eq!(size(&live), before, "nothing of that is recorded");
    let (status, heard) = hook(&live, "github", &signed, RUN);
    assert_eq!((status, &heard["repeated"]), (200, &json!(false)), "{heard}");
    assert_eq!(
        heard["recorded"][0]["builds"],
        json!([{"service": "web", "version": "1.0.0"}]),
        "by its commit"
    );
    let after = size(&live);
    assert!(after > before);
    let (_, again) = hook(&live, "github", &signed, RUN);
    assert_eq!((&again["repeated"], &again["recorded"]), (&json!(true), &heard["recorded"]));
    assert_eq!(size(&live), after, "the same delivery counts once");

    // GitLab and Jenkins send the secret; whoever has a token needs none.
    let pipeline = json!({"object_kind": "pipeline", "object_attributes": {"status": "running"}}).to_string();
    let (status, heard) = hook(&live, "gitlab", &[("x-gitlab-token", SECRET)], &pipeline);
    assert_eq!((status, &heard["recorded"]), (200, &json!([])));
    assert!(heard["passedOver"][0].as_str().unwrap().contains("has not ended"), "{heard}");
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("shipway:{SECRET}")));
    let build = json!({"name": "shop", "build": {"full_url": "http://ci/job/shop/18/", "phase": "FINALIZED",
        "status": "UNSTABLE", "scm": {"commit": COMMIT}, "test_summary": {"total": 7, "failed": 2, "passed": 5, "skipped": 0}}});
    let (_, heard) = hook(&live, "jenkins", &[("authorization", &basic)], &build.to_string());
    assert_eq!(heard["recorded"][1]["tests"]["failed"], 2, "{heard}");
    let token = fs::read_to_string(folder.path().join("token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let (status, answer) = hook(&live, "github", &[("authorization", &bearer)], "[1, 2");
    assert_eq!(status, 400, "{answer}");

    // A build whose bytes are here is registered; of another it is said what is missing.
    fs::write(folder.path().join("build/bin/web"), "1.1.0").unwrap();
    live.ok(&["artifact", "pack", "build", "-o", "next.tar.gz"]);
    let bytes = fs::read(folder.path().join("next.tar.gz")).unwrap();
    let digest = Digest::of(&bytes);
    let published = json!({"context": {"id": "e1", "source": "/ci", "type": "dev.cdevents.artifact.published.0.1.1"},
        "subject": {"id": format!("pkg:generic/web@1.1.0?checksum={digest}"), "content": {}}});
    let ours = [("authorization", &*format!("Bearer {SECRET}")), ("ce-id", "e1"), ("ce-source", "/ci")];
    let (_, heard) = hook(&live, "cdevents", &ours, &published.to_string());
    assert!(heard["passedOver"][0].as_str().unwrap().contains("nobody has uploaded"), "{heard}");
    let put = [("authorization", &*bearer), ("content-type", "application/octet-stream")];
    let (status, _) = send(&live, "PUT", &format!("/api/v1/blobs/{digest}"), &put, &bytes);
    assert!(status < 300, "{status}");
    let ours = [("authorization", &*format!("Bearer {SECRET}")), ("ce-id", "e2"), ("ce-source", "/ci")];
    let (_, heard) = hook(&live, "cdevents", &ours, &published.to_string());
    assert_eq!(heard["registered"], json!([{"service": "web", "version": "1.1.0"}]), "{heard}");
    let artifacts = live.ok(&["artifact", "list"]);
    assert!(artifacts.contains("1.1.0"), "{artifacts}");

    // All of it is listed, and what tests came to is told on.
    assert_eq!(told(&live, &["--service", "web"]).len(), 5);
    let tests = told(&live, &["--deed", "tests-finished", "--commit", &COMMIT[..7]]);
    assert_eq!((tests.len(), &tests[0]["webhook"]), (1, &json!("jenkins")));
    let table = live.ok(&["webhook", "list"]);
    assert!(table.contains("2 of 7 tests failed") && table.contains("web 1.0.0"), "{table}");
    assert!(live.ok(&["cdevents"]).contains("dev.cdevents.testsuiterun.finished.0.1.0"));
}

const PACKAGE: &str = "
services: {}
scripts: [down.py]
rehearsal:
  before: [python3 shop.py before]
  forward: [python3 shop.py forward]
  write: [python3 shop.py write]
  run: python3 $SCRIPT
  rows: python3 shop.py rows
  newRows: python3 shop.py new-rows
";

/// A database of orders: the release splits the amount into amount and currency.
const DATABASE: &str = "
import sqlite3, sys
db = sqlite3.connect('shop.db')
def rows(query):
    for row in db.execute(query): print(*row)
match sys.argv[1]:
    case 'before':
        db.execute('create table orders (id integer primary key, amount text)')
        db.executemany('insert into orders values (?, ?)', [(1, '10 EUR'), (2, '20 CHF')])
    case 'forward':
        db.execute('alter table orders add column currency text')
        db.execute(\"update orders set currency = substr(amount, -3), amount = substr(amount, 1, length(amount) - 4)\")
    case 'write': db.execute(\"insert into orders values (3, '30', 'USD')\")
    case 'rows': rows('select id, amount from orders')
    case 'new-rows': rows(\"select id, amount || ' ' || currency from orders\")
db.commit()
";
const DOWN: &str = "
import sqlite3
db = sqlite3.connect('shop.db')
db.execute(\"update orders set amount = amount || ' ' || currency\")
db.execute('alter table orders drop column currency')
db.commit()
";

#[test]
fn a_release_waits_until_its_way_back_was_tried_with_rows_of_the_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start(folder.path());
    let gate = "{name: back, require: {documents: {all: [rollback-package], rollbackTried: true}}}";
    declare(&live, folder.path(), gate);
    let package = folder.path().join("rollback");
    fs::create_dir(&package).unwrap();
    fs::write(package.join("package.yaml"), PACKAGE).unwrap();
    fs::write(package.join("shop.py"), DATABASE).unwrap();
    // It forgets the currency, which rows of the new version alone would show.
    fs::write(package.join("down.py"), DOWN.replace("amount || ' ' || currency", "amount || ' EUR'"))
        .unwrap();
    let bundled = ["--document", "rollback-package=rollback/package.yaml"];
    release(&live, folder.path(), "1.1.0", &bundled);
    assert!(explained(&live, "1.1.0").starts_with("missing: nobody has tried the way back"));

    let attempt = ["rollback-package", "try", "rollback/package.yaml", "--out", "rehearsal.xml"];
    let said = run(folder.path(), &attempt);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("`3 30 USD`") && said.out.contains("`2 20 CHF`"), "{}", said.out);
    live.ok(&["evidence", "attach", "rehearsal.xml", "--subject", "shop@1.1.0"]);
    let held = explained(&live, "1.1.0");
    assert!(held.starts_with("failed: rows that stood before"), "{held}");

    fs::write(package.join("down.py"), DOWN).unwrap();
    let said = run(folder.path(), &attempt);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(!package.join("shop.db").exists(), "it happens in a copy");
    live.ok(&["evidence", "attach", "rehearsal.xml", "--subject", "shop@1.1.0"]);
    let passed = explained(&live, "1.1.0");
    assert!(passed.starts_with("satisfied: the way back was tried with this package"), "{passed}");

    // The same report says nothing of another package.
    fs::write(package.join("package.yaml"), format!("# changed\n{PACKAGE}")).unwrap();
    release(&live, folder.path(), "1.2.0", &bundled);
    live.ok(&["evidence", "attach", "rehearsal.xml", "--subject", "shop@1.2.0"]);
    assert!(explained(&live, "1.2.0").starts_with("missing: nobody has tried the way back"));
    fs::write(package.join("package.yaml"), "services: {}\n").unwrap();
    let said = run(folder.path(), &attempt);
    assert!(said.code == 1 && said.err.contains("no `rehearsal`"), "{}", said.err);
}
