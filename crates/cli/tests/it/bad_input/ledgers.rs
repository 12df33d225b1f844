//! Ledgers and evidence that are not what they should be: each is refused with its reason, and nothing panics.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use shipway_ledger::{Checkpoint, SigningKey};
use shipway_model::Digest;
use shipway_runtime::suite::{UNKNOWN, append_unknown};
use shipway_store::SqliteStore;

use crate::live::Live;
use crate::program::{Said, run, said, shipway};

/// A ledger that starts takes some tenths of a second until it listens; one that is refused has ended by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a control plane left behind, and what it had given to auditors.
struct Evidence {
    folder: tempfile::TempDir,
    note: String,
    event: String,
    growth: String,
}

impl Evidence {
    fn gather() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let live = Live::start(path);
        let team = |name: &str| {
            let text =
                format!("apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {{name: {name}}}\nspec: {{}}\n");
            fs::write(path.join("team.yaml"), text).unwrap();
            live.ok(&["apply", "team.yaml"]);
        };
        ["one", "two", "three"].into_iter().for_each(team);
        let event = live.ok(&["ledger", "prove", "1", "--key", "data/checkpoint.pub", "-o", "json"]);
        let growth = live.ok(&["ledger", "prove", "--consistency", "3", "--key", "data/checkpoint.pub"]);
        let head = json(&live.ok(&["ledger", "head", "-o", "json"]));
        let note = head["checkpoint"].as_str().unwrap().to_owned();
        drop(live);
        Self { folder, note, event, growth }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A copy of the control plane's folder.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.path().join(name);
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(self.path().join("data")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
            }
        }
        copy
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn is_refused(what: &str, said: &Said, expected: &str) {
    let text = format!("{}{}", said.out, said.err);
    assert_eq!(said.code, 1, "{what}: {text}");
    assert!(text.contains(expected), "{what}: `{expected}` in {text}");
    assert!(!text.contains("panicked"), "{what}: {text}");
}

/// The document with another value in the place.
fn with(document: &str, pointer: &str, value: impl Into<serde_json::Value>) -> String {
    let mut document = json(document);
    *document.pointer_mut(pointer).unwrap() = value.into();
    document.to_string()
}

fn sql(ledger: &Path, statement: &str) {
    let connection = rusqlite::Connection::open(ledger).unwrap();
    connection.execute_batch(statement).unwrap();
}

/// Without the optional checkpoint, so that the proof itself is looked at.
fn bare(document: &str) -> String {
    let mut document = json(document);
    document.as_object_mut().unwrap().remove("checkpoint");
    document.to_string()
}

#[test]
fn evidence_that_was_changed_is_refused_with_its_reason() {
    let evidence = Evidence::gather();
    let Evidence { note, event, growth, .. } = &evidence;
    let other = SigningKey::from_seed("log.example".parse().unwrap(), &[9; 32]);
    let foreign = Checkpoint { origin: "log.example".parse().unwrap(), size: 3, root: Digest::of(b"x") };
    let (text, signature) = note.split_once("\n\n").unwrap();
    let mut lines = text.lines();
    let (origin, size) = (lines.next().unwrap(), lines.next().unwrap());
    let root = lines.next().unwrap();
    let hash = json(event)["proof"][0].clone();
    let cases: &[(&str, String, &str)] = &[
        ("an empty file", String::new(), "is neither a proof file"),
        ("a checkpoint that nobody signed", format!("{text}\n\n"), "is neither a proof file"),
        (
            "one whose signature is cut",
            note[..note.len() - 9].to_owned(),
            "has no empty line with signature lines after it",
        ),
        (
            "one of another size",
            format!("{origin}\n{}1\n{root}\n\n{signature}", size),
            "does not fit the text",
        ),
        (
            "one with a size that is written otherwise",
            format!("{origin}\n0{size}\n{root}\n\n{signature}"),
            "does not fit the text",
        ),
        ("one without a root", format!("{origin}\n{size}\n\n{signature}"), "does not fit the text"),
        ("one of a log that nobody knows", foreign.sign(&other), "whose key was not given"),
        ("a proof of another size", with(&bare(event), "/size", 9999), "must have 14 hashes; it has 3"),
        ("a proof of another place", with(&bare(event), "/index", 0), "lead to the root"),
        (
            "a proof beyond the tree",
            with(&bare(event), "/index", 9999),
            "leaf 9999 does not exist in a tree of 5 leaves",
        ),
        (
            "a proof that is too short",
            with(event, "/proof", Vec::<String>::new()),
            "must have 3 hashes; it has 0",
        ),
        (
            "a proof that is too long",
            with(event, "/proof", vec![hash.clone(); 70]),
            "must have 3 hashes; it has 70",
        ),
        ("a proof whose hash is too short", with(event, "/proof/0", "AAAA"), "has 3 bytes; a hash has 32"),
        ("a proof for another checkpoint", with(event, "/root", hash.clone()), "lead to the root"),
        (
            "a tree that shrinks",
            with(&bare(growth), "/size2", 2),
            "a tree of 3 leaves cannot have grown into one of 2",
        ),
        (
            "a tree that grew from another",
            with(&bare(growth), "/root1", hash),
            "the proof leads to the earlier root",
        ),
        ("a size that is no number", with(growth, "/size1", "-1"), "not a number from 0"),
    ];
    for (what, content, expected) in cases {
        fs::write(evidence.path().join("file"), content).unwrap();
        let said = run(evidence.path(), &["verify", "file", "--key", "data/checkpoint.pub"]);
        is_refused(what, &said, expected);
        assert!(said.out.starts_with("broken: file: "), "{what}: {}", said.out);
    }
    // Two histories under one signature: each of the files is sound, and together they prove it.
    let own: SigningKey =
        fs::read_to_string(evidence.path().join("data/checkpoint.key")).unwrap().trim().parse().unwrap();
    let fork =
        Checkpoint { origin: origin.parse().unwrap(), size: size.parse().unwrap(), root: Digest::of(b"x") };
    fs::write(evidence.path().join("file"), note).unwrap();
    fs::write(evidence.path().join("fork"), fork.sign(&own)).unwrap();
    let said = run(evidence.path(), &["verify", "file", "fork", "--key", "data/checkpoint.pub"]);
    is_refused("a forked view", &said, "has signed two histories of");
    assert!(said.out.contains("fork: contradicts file"), "{}", said.out);
    // Whose keys are not known is nobody's concern, as long as the log itself has signed.
    let stranger = foreign.sign(&other).split_once("\n\n").unwrap().1.to_owned();
    fs::write(evidence.path().join("file"), format!("{note}{stranger}")).unwrap();
    assert_eq!(run(evidence.path(), &["verify", "file", "--key", "data/checkpoint.pub"]).code, 0);
}

/// What is done to a control plane's folder, what `ledger verify` says of it, and what a start says, if it is refused.
struct Damage {
    what: &'static str,
    make: fn(&Path),
    verify: &'static str,
    serve: Option<&'static str>,
}

const DAMAGES: &[Damage] = &[
    Damage {
        what: "a ledger of a newer version",
        make: |data| sql(&data.join("ledger.sqlite"), "PRAGMA user_version = 99"),
        verify: "was written by a newer version of Shipway",
        serve: Some("was written by a newer version of Shipway"),
    },
    Damage {
        what: "a backup that was restored by half",
        make: |data| {
            sql(&data.join("ledger.sqlite"), "UPDATE head SET checkpoint = 'a copy that is not finished\n'");
        },
        verify: "was being copied or restored, and that was not finished",
        serve: Some("was being copied or restored into this store, and that was not finished"),
    },
    Damage {
        what: "a checkpoint that was cut",
        make: |data| {
            sql(&data.join("ledger.sqlite"), "UPDATE head SET checkpoint = substr(checkpoint, 1, 40)")
        },
        verify: "was not signed by this key",
        serve: Some("is not signed by this control plane's key"),
    },
    Damage {
        what: "a key of another ledger",
        make: |data| {
            let other = SigningKey::from_seed("log.example".parse().unwrap(), &[9; 32]);
            fs::write(data.join("checkpoint.pub"), other.verifier().to_string()).unwrap();
            fs::write(data.join("checkpoint.key"), other.to_secret_text()).unwrap();
        },
        verify: "was not signed by this key",
        serve: Some("is not signed by this control plane's key"),
    },
    Damage {
        what: "a ledger that has shrunk",
        make: |data| {
            sql(
                &data.join("ledger.sqlite"),
                "DELETE FROM events WHERE position = (SELECT max(position) FROM events)",
            );
        },
        verify: "the ledger is not sound",
        serve: Some("is missing"),
    },
    Damage {
        what: "a ledger that forgot its end",
        make: |data| sql(&data.join("ledger.sqlite"), "UPDATE head SET size = size - 1"),
        verify: "the ledger",
        serve: Some("records have been changed, added or removed"),
    },
    Damage {
        what: "a text that is missing without an erasure",
        make: |data| {
            let statement =
                "DELETE FROM disclosures WHERE position = (SELECT max(position) FROM disclosures)";
            sql(&data.join("ledger.sqlite"), statement);
        },
        verify: "no event says that it was erased",
        serve: None,
    },
    Damage {
        what: "a name that was forged",
        make: |data| sql(&data.join("ledger.sqlite"), "UPDATE disclosures SET text = 'eve'"),
        verify: "commits to another text than is kept",
        serve: Some("commits to another text than is kept"),
    },
    Damage {
        what: "an archive that was forgotten",
        make: |data| sql(&data.join("ledger.sqlite"), "UPDATE events SET bytes = x'' WHERE position = 1"),
        verify: "the store knows of no archive",
        serve: Some("the store knows of no archive"),
    },
    Damage {
        what: "a file that was cut",
        make: |data| {
            sql(&data.join("ledger.sqlite"), "PRAGMA wal_checkpoint(TRUNCATE)");
            let file = fs::File::options().write(true).open(data.join("ledger.sqlite")).unwrap();
            file.set_len(20_000).unwrap();
        },
        verify: "malformed",
        serve: Some("malformed"),
    },
];

#[test]
fn a_ledger_that_was_damaged_is_refused_with_its_reason() {
    let evidence = Evidence::gather();
    for (nth, Damage { what, make, verify, serve }) in DAMAGES.iter().enumerate() {
        let name = format!("data-{nth}");
        make(&evidence.copy(&name));
        is_refused(what, &run(evidence.path(), &["ledger", "verify", "--data", &name]), verify);
        if let Some(expected) = serve {
            is_refused(what, &start(evidence.path(), &name), expected);
        }
    }
    assert_eq!(
        run(evidence.path(), &["ledger", "verify", "--data", "data"]).code,
        0,
        "and the one itself is sound"
    );
}

/// What it means is not known to this version; that it is in the ledger, unchanged, can be checked all the same.
#[test]
fn an_event_of_a_newer_version_is_not_served_and_still_verified() {
    let evidence = Evidence::gather();
    let data = evidence.copy("newer");
    let key: SigningKey =
        fs::read_to_string(data.join("checkpoint.key")).unwrap().trim().parse().expect("is a key");
    let mut store = SqliteStore::open(&data.join("ledger.sqlite")).unwrap();
    let position = append_unknown(&mut store, &key);
    drop(store);
    let told = format!("record {position} (`{UNKNOWN}`) cannot be read, and may be from a newer version");
    is_refused("an event of a newer version", &start(evidence.path(), "newer"), &told);
    let verified = run(evidence.path(), &["ledger", "verify", "--data", "newer"]);
    assert_eq!(verified.code, 0, "{}", verified.err);
    assert!(verified.out.contains(&format!("sound: {} events", position + 1)), "{}", verified.out);
    assert!(verified.out.contains("1 event(s) are from a newer version"), "{}", verified.out);
}

/// A start that should not succeed.
fn start(folder: &Path, data: &str) -> Said {
    let mut command: Command = shipway(folder);
    command.args(["serve", "--data", data, "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{data} was served");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    said(&child.wait_with_output().unwrap())
}
