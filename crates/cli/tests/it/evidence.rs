//! Proofs, exports and checkpoints: made over a real control plane, checked offline

use std::fs;
use std::path::Path;

use shipway_ledger::{Checkpoint, SigningKey};
use shipway_model::Digest;

use crate::live::Live;
use crate::program::{Said, run};

const TEAM: &str = "apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: NAME}\nspec: {members: [ana]}\n";
const KEY: &str = "data/checkpoint.pub";

/// Adds an event.
fn declare(live: &Live<'_>, folder: &Path, name: &str) {
    fs::write(folder.join("team.yaml"), TEAM.replace("NAME", name)).unwrap();
    live.ok(&["apply", "team.yaml"]);
}

/// With no server and no token.
fn verify(folder: &Path, args: &[&str]) -> Said {
    run(folder, &[&["verify"], args].concat())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// `expected` stands in what is said of a broken file.
fn is_broken(folder: &Path, args: &[&str], expected: &str) {
    let said = verify(folder, args);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("broken: ") && said.out.contains(expected), "{}", said.out);
}

#[test]
fn proofs_of_a_server_are_checked_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let live = Live::start(folder);
    declare(&live, folder, "one");
    write("early.json", live.ok(&["ledger", "head", "-o", "json"]));
    let early = json(&fs::read_to_string(folder.join("early.json")).unwrap())["size"].to_string();
    declare(&live, folder, "two");
    write("event.tlog-proof", live.ok(&["ledger", "prove", "1", "--key", KEY]));
    write("bare.tlog-proof", live.ok(&["ledger", "prove", "1", "--key", KEY, "--bare"]));
    write("event.json", live.ok(&["ledger", "prove", "1", "--key", KEY, "-o", "json"]));
    write("growth.json", live.ok(&["ledger", "prove", "--consistency", &early, "--key", KEY]));
    let events = json(&live.ok(&["ledger", "show", "--from", "1", "--limit", "1", "-o", "json"]));
    let leaf = events[0]["leaf"].as_str().unwrap().to_owned();
    let by_leaf = live.ok(&["ledger", "prove", &leaf, "--key", KEY]);
    assert_eq!(by_leaf, fs::read_to_string(folder.join("event.tlog-proof")).unwrap());
    assert_eq!(live.run(&["ledger", "prove", "999", "--key", KEY]).code, 1);
    assert_eq!(live.run(&["ledger", "prove", "--consistency", "5", "4"]).code, 1);
    drop(live);

    let all = ["event.tlog-proof", "event.json", "growth.json", "early.json", "--key", KEY];
    let said = verify(folder, &all);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(said.out.matches("sound: ").count(), 4, "{}", said.out);
    assert!(said.out.contains(&format!("the tree of {early} is signed for in early.json")), "{}", said.out);
    let alone = verify(folder, &["growth.json", "--key", KEY]);
    assert!(alone.out.contains(&format!("nobody has signed for the tree of {early}")), "{}", alone.out);
    assert_eq!(verify(folder, &["bare.tlog-proof", "--key", KEY, "--leaf", &leaf]).code, 0);

    is_broken(folder, &["bare.tlog-proof", "--key", KEY], "give --record FILE");
    is_broken(folder, &["event.tlog-proof"], "whose key was not given");
    assert!(verify(folder, &["event.tlog-proof"]).err.contains("--key FILE"));
    is_broken(folder, &["event.tlog-proof", "--key", KEY, "--record", "team.yaml"], "is not number 1");
    is_broken(folder, &["team.yaml", "--key", KEY], "neither a proof file");
    is_broken(folder, &["nothing", "--key", KEY], "cannot be read");
    let text = fs::read_to_string(folder.join("event.tlog-proof")).unwrap();
    write("moved.tlog-proof", text.replace("index 1\n", "index 0\n"));
    is_broken(folder, &["moved.tlog-proof", "--key", KEY], "is not number 0");
    let size = json(&fs::read_to_string(folder.join("event.json")).unwrap())["size"].to_string();
    write("forged.tlog-proof", text.replace(&format!("\n{size}\n"), "\n9999\n"));
    is_broken(folder, &["forged.tlog-proof", "--key", KEY], "does not fit the text");

    let said = verify(folder, &["moved.tlog-proof", "event.tlog-proof", "--key", KEY, "-o", "json"]);
    assert_eq!(said.code, 1);
    let report = json(&said.out);
    assert_eq!(report["sound"], false);
    assert_eq!(report["findings"][0]["sound"], false);
    assert_eq!(report["findings"][1]["sound"], true);
    assert_eq!(report["findings"][1]["signed"]["size"].to_string(), size);
}

#[test]
fn a_log_that_signs_two_histories_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = SigningKey::from_seed("log.example".parse().unwrap(), &[1; 32]);
    fs::write(folder.join("log.pub"), key.verifier().to_string()).unwrap();
    let write = |name: &str, size, root: &[u8]| {
        let checkpoint = Checkpoint { origin: "log.example".parse().unwrap(), size, root: Digest::of(root) };
        fs::write(folder.join(name), checkpoint.sign(&key)).unwrap();
    };
    write("mine", 7, b"one history");
    write("yours", 7, b"another");
    write("later", 8, b"another");
    assert_eq!(verify(folder, &["mine", "later", "--key", "log.pub"]).code, 0);
    is_broken(folder, &["mine", "yours", "--key", "log.pub"], "two histories of 7 records");
    fs::write(folder.join("policy"), format!("log {}\nquorum none\n", key.verifier())).unwrap();
    assert_eq!(verify(folder, &["mine", "--policy", "policy"]).code, 0);
    fs::write(folder.join("policy"), format!("log {}\n", key.verifier())).unwrap();
    let said = verify(folder, &["mine", "--policy", "policy"]);
    assert!(said.code == 1 && said.err.contains("no `quorum` line"), "{}", said.err);
}

#[test]
fn an_export_grows_with_the_ledger_and_is_checked_offline() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    declare(&live, folder, "one");
    let export = ["ledger", "export", "--tiles", "exported", "--key", KEY, "-o", "json"];
    let first = json(&live.ok(&export));
    assert_eq!(first["added"], first["size"]);
    assert_eq!(live.run(&export[..4]).code, 2, "an export needs a key");
    declare(&live, folder, "two");
    let second = json(&live.ok(&export));
    let added = second["size"].as_u64().unwrap() - first["size"].as_u64().unwrap();
    assert!(added > 0);
    assert_eq!(second["added"].as_u64(), Some(added));
    drop(live);

    let offline = ["ledger", "export", "--tiles", "exported", "--data", "data", "-o", "json"];
    let again = run(folder, &offline);
    assert_eq!(json(&again.out)["size"], second["size"], "{}", again.err);
    let proof = run(folder, &["ledger", "prove", "0", "--data", "data"]);
    fs::write(folder.join("zero.tlog-proof"), &proof.out).unwrap();
    let growth = run(folder, &["ledger", "prove", "--consistency", "1", "2", "--data", "data"]);
    fs::write(folder.join("growth.json"), &growth.out).unwrap();
    let said = verify(folder, &["exported", "zero.tlog-proof", "growth.json", "--key", KEY]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);

    let size = second["size"].as_u64().unwrap();
    let bundle = folder.join(format!("exported/tile/entries/000.p/{size}"));
    let mut bytes = fs::read(&bundle).unwrap();
    let at = bytes.windows(3).position(|it| it == b"one").unwrap();
    bytes[at] = b'O';
    fs::write(&bundle, bytes).unwrap();
    is_broken(folder, &["exported", "--key", KEY], "does not hash to what tile/0/000");
}

#[test]
fn a_person_is_erased_and_the_evidence_stays() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    let token = json(&live.ok(&["token", "issue", "ana", "--role", "operator", "-o", "json"]));
    let as_ana = ["--token", token["secret"].as_str().unwrap()];
    live.ok(&[&as_ana[..], &["pause", "--everything", "--reason", "asked by Ana"]].concat());
    let events = json(&live.ok(&["ledger", "show", "-o", "json"]));
    let paused = events.as_array().unwrap().last().unwrap();
    let position = paused["position"].to_string();
    let shown = live.ok(&["ledger", "show"]);
    assert!(shown.contains("  ana  ") && shown.contains("asked by Ana"), "{shown}");
    fs::write(folder.join("event.tlog-proof"), live.ok(&["ledger", "prove", &position, "--key", KEY]))
        .unwrap();
    let at = paused["event"]["at"].as_str().unwrap();
    let then = live.ok(&["pause", "--list", "--as-of", at]);
    assert!(then.contains("asked by Ana"), "{then}");

    let erase = ["ledger", "erase", "--subject", "ana", "--reason", "request 31"];
    let refused = live.run(&erase);
    assert!(refused.code == 1 && refused.err.contains("shipway token revoke"), "{}", refused.err);
    live.ok(&["token", "revoke", token["token"]["id"].as_str().unwrap()]);
    let erased = live.ok(&erase);
    assert!(erased.contains("erased: 3 texts") && erased.contains("proved: the 2 events"), "{erased}");
    let shown = live.ok(&["ledger", "show"]);
    assert!(!shown.to_lowercase().contains("ana ") && shown.contains("erased"), "{shown}");
    assert!(!live.ok(&["pause", "--list", "--as-of", at]).contains("Ana"));
    let explained = "3 personal text(s) are missing, and erasures account for all of them";
    let verified = live.ok(&["ledger", "verify", "--key", KEY]);
    assert!(verified.contains("sound: ") && verified.contains(explained), "{verified}");
    drop(live);
    let verified = run(folder, &["ledger", "verify", "--data", "data"]);
    assert!(verified.code == 0 && verified.out.contains(explained), "{}{}", verified.out, verified.err);

    let said = verify(folder, &["event.tlog-proof", "--key", KEY]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let files: Vec<u8> = ["ledger.sqlite", "ledger.sqlite-wal"]
        .iter()
        .flat_map(|name| fs::read(folder.join("data").join(name)).unwrap_or_default())
        .collect();
    assert!(!files.windows(12).any(|it| it == b"asked by Ana"), "nothing is left on the disk");
    assert_eq!(run(folder, &["whoami", "--as-of", "2026-13-01T00:00:00Z"]).code, 2);
    assert_eq!(run(folder, &["version", "--as-of", at]).code, 2);
}
