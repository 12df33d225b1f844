use std::collections::BTreeMap;

use shipway_model::effect::{Effect, EffectKey, Order, Outcome, Performer, Success};
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::{Digest, Millis};

use super::*;
use crate::process::ProcessId;

fn key(step: u32) -> EffectKey {
    format!("rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01/{step}/do/1").parse().expect("a key")
}

fn instance(version: &str) -> Instance {
    serde_json::from_value(serde_json::json!({
        "environment": "production", "service": "web", "version": version, "target": "host-a"
    }))
    .expect("an instance")
}

fn desired(version: &str) -> Entry {
    let contract = serde_json::json!({
        "command": ["./serve"], "health": { "checks": [] }
    });
    Entry::Desired {
        instance: instance(version),
        artifact: Digest::of(version.as_bytes()),
        contract: serde_json::from_value(contract).expect("a contract"),
        ports: BTreeMap::from([("http".parse().expect("a name"), 20_000)]),
        rollout: None,
        condition: None,
    }
}

fn effect(step: u32) -> Effect {
    let order = Order::Verify { instance: instance("1") };
    Effect { key: key(step), performer: Performer::Server, timeout: Millis::from_secs(1), order }
}

fn retired(version: &str) -> Entry {
    Entry::Retired { instance: instance(version), artifact: Digest::of(version.as_bytes()) }
}

fn process(pid: i32) -> ProcessId {
    ProcessId { pid, start_ticks: u64::MAX, boot: "b".into() }
}

fn life() -> Vec<Entry> {
    let changed = |sequence, version, condition| Entry::Changed {
        sequence,
        instance: instance(version),
        condition,
        detail: "why".into(),
    };
    let outcome = Outcome::Succeeded { result: Success::Retired {} };
    vec![
        desired("1"),
        Entry::Starting { instance: instance("1"), run: 1 },
        Entry::Started { instance: instance("1"), run: 1, process: process(7) },
        Entry::Placed { instance: instance("1") },
        desired("2"),
        Entry::Starting { instance: instance("2"), run: 1 },
        changed(1, "1", Condition::Crashed),
        Entry::Told { through: 1 },
        desired("3"),
        changed(2, "3", Condition::Unhealthy),
        changed(3, "3", Condition::Healthy),
        retired("4"),
        retired("3"),
        desired("3"),
        Entry::Leased { key: key(3), generation: 2 },
        Entry::Ended { key: key(3), outcome: outcome.clone() },
        Entry::Reported { key: key(3), generation: 2 },
        Entry::Leased { key: key(1), generation: 1 },
        Entry::Ended { key: key(1), outcome },
        Entry::Leased { key: key(2), generation: 5 },
        Entry::Leased { key: key(4), generation: 1 },
        Entry::Begun { effect: Box::new(effect(4)) },
        Entry::Ran { key: key(4), process: process(8) },
    ]
}

fn fold(entries: impl IntoIterator<Item = Entry>) -> State {
    let mut state = State::default();
    entries.into_iter().for_each(|it| state.apply(it));
    state
}

#[test]
fn compacting_loses_nothing_after_any_line() {
    let life = life();
    for end in 0..=life.len() {
        let state = fold(life[..end].to_vec());
        assert_eq!(fold(state.entries()), state, "after {end} lines");
    }
}

#[test]
fn a_report_counts_for_its_generation_alone() {
    let mut state = fold(life());
    assert_eq!(state.unreported().map(|it| it.0).collect::<Vec<_>>(), [key(1)]);
    state.apply(Entry::Leased { key: key(1), generation: 2 });
    state.apply(Entry::Reported { key: key(1), generation: 1 });
    assert_eq!(state.unreported().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(key(1), 2)]);
    state.apply(Entry::Reported { key: key(1), generation: 2 });
    assert_eq!(state.unreported().count(), 0);
}

#[test]
fn the_last_three_retired_versions_are_kept() {
    let state = fold(["1", "2", "3", "4", "2"].map(retired));
    let versions: Vec<_> = state.retired.iter().map(|(it, _)| it.version.as_str()).collect();
    assert_eq!(versions, ["3", "4", "2"]);
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_a_bad_one_before_it_is_not_overlooked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.jsonl");
    let journal = Journal::open(&path).expect("opens");
    for entry in life() {
        journal.note(entry).await.expect("notes");
    }
    drop(journal);
    let whole = fs::read(&path).expect("there");
    let mut torn = whole.clone();
    torn.extend_from_slice(br#"{"entry":"told","thr"#);
    fs::write(&path, &torn).expect("writes");
    let journal = Journal::open(&path).expect("opens");
    assert_eq!(journal.read(State::clone), fold(life()));
    journal.note(Entry::Told { through: 3 }).await.expect("notes");
    let mut told = fold(life());
    told.apply(Entry::Told { through: 3 });
    assert_eq!(Journal::open(&path).expect("opens").read(State::clone), told);

    torn.extend_from_slice(b"\n{\"entry\":\"told\",\"through\":3}\n");
    fs::write(&path, &torn).expect("writes");
    assert!(matches!(Journal::open(&path), Err(JournalError::Line { line: 24, .. })));
}

#[tokio::test]
async fn a_long_journal_is_written_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.jsonl");
    let mut content = String::new();
    for entry in life() {
        content += &(serde_json::to_string(&entry).expect("plain data") + "\n");
    }
    content += &"{\"entry\":\"told\",\"through\":1}\n".repeat(SURPLUS_LINES_MAX + 100);
    fs::write(&path, content).expect("writes");
    let journal = Journal::open(&path).expect("opens");
    journal.note(Entry::Leased { key: key(9), generation: 1 }).await.expect("notes");
    let mut expected = fold(life());
    expected.apply(Entry::Leased { key: key(9), generation: 1 });
    assert_eq!(journal.read(State::clone), expected);
    assert!(fs::read_to_string(&path).expect("there").lines().count() < 40);
    assert_eq!(Journal::open(&path).expect("opens").read(State::clone), expected);
}
