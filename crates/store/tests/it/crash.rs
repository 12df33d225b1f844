//! What was acknowledged survives SIGKILL at any moment.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use shipway_engine::{Command, effects, live_rollouts};
use shipway_ledger::{Checkpoint, Verifier};
use shipway_model::event::Scope;
use shipway_runtime::Store;
use shipway_runtime::suite::{ManualClock, World};
use shipway_store::SqliteStore;

/// Tells the test binary that it is the process to be killed, and where its ledger is.
const LEDGER: &str = "SHIPWAY_TEST_LEDGER";
const ROUNDS: u64 = 12;
const WRITERS: usize = 4;

#[test]
fn what_was_acknowledged_survives_sigkill() {
    if let Some(ledger) = std::env::var_os(LEDGER) {
        return write_until_killed(Path::new(&ledger));
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let ledger = folder.path().join("ledger.db");
    let mut size_before = 0;
    for round in 0..ROUNDS {
        // Early and late in a batch, and before and after checkpoints of the write-ahead log: the moment moves.
        let acknowledged = run_and_kill(&ledger, 1 + round * 37);
        size_before = check(&ledger, &acknowledged, size_before);
    }
}

/// Lets a process write until it has acknowledged `n_lines` times, kills it, and answers with what it acknowledged.
fn run_and_kill(ledger: &Path, n_lines: u64) -> Vec<String> {
    let myself = std::env::current_exe().expect("a test knows its own binary");
    let mut child = Process::new(myself)
        .args(["--exact", "crash::what_was_acknowledged_survives_sigkill", "--nocapture"])
        .env(LEDGER, ledger)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
    let mut acknowledged = Vec::new();
    while (acknowledged.len() as u64) < n_lines {
        let line = lines.next().expect("the child writes on").expect("text");
        acknowledged.extend(line.strip_prefix("acknowledged ").map(str::to_owned));
    }
    child.kill().expect("the child is killed");
    child.wait().expect("the child is gone");
    // What it had printed by then counts too; the last line may be cut.
    let rest: String = lines.map_while(Result::ok).map(|it| it + "\n").collect();
    let whole = rest.lines().filter_map(|it| it.strip_prefix("acknowledged ")?.strip_suffix(" end"));
    acknowledged.iter_mut().for_each(|it| *it = it.trim_end_matches(" end").to_owned());
    acknowledged.extend(whole.map(str::to_owned));
    acknowledged
}

/// Everything acknowledged is there, everything there verifies, and the queue fits the state. Answers with the size.
fn check(ledger: &Path, acknowledged: &[String], size_before: u64) -> u64 {
    let mut store = SqliteStore::open(ledger).expect("the lock died with its holder");
    let loaded = store.load().expect("loads");
    let stored: BTreeMap<_, _> =
        loaded.effects.iter().map(|it| (it.effect.key, it.effect.as_ref().clone())).collect();
    let records = store.reader().read(0, usize::MAX / 2).expect("reads");
    assert_eq!(records.len() as u64, loaded.size);
    assert!(loaded.size >= size_before + acknowledged.len() as u64);
    for line in acknowledged {
        let (position, scope) = line.split_once(' ').expect("a position and a scope");
        let record = &records[position.parse::<usize>().expect("a position")];
        let text = String::from_utf8_lossy(&record.bytes).into_owned();
        assert!(text.contains(&format!("\"{scope}\"")), "{scope} at {position}: {text}");
    }

    let world = World::open(Box::new(store), ManualClock::default()).expect("is whole");
    let head = world.runtime.head();
    assert_eq!(head.size, loaded.size, "opening has nothing to add");
    let checkpoint = Checkpoint::verify(&head.checkpoint, world.runtime.verifier_key()).expect("is signed");
    let mut verifier = Verifier::new(vec![checkpoint]).expect("one checkpoint agrees with itself");
    for record in &records {
        verifier.feed(record.position, &record.bytes, record.leaf).expect("is as it was written");
    }
    assert_eq!(verifier.finish().expect("is complete").root, head.root);
    let state = world.runtime.state();
    let called_for = live_rollouts(&state).flat_map(|it| effects(&state, it));
    assert_eq!(stored, called_for.map(|it| (it.key, it)).collect());
    assert!(!stored.is_empty(), "there are effects to lose");
    drop(state);
    block_on(world.runtime.shutdown());
    head.size
}

/// Pauses and resumes from several writers at once, and says so once it is acknowledged.
fn write_until_killed(ledger: &Path) {
    let store = SqliteStore::open(ledger).expect("opens");
    block_on(async {
        let world = std::sync::Arc::new(World::open(Box::new(store), ManualClock::default()).expect("opens"));
        if world.runtime.head().size == 1 {
            let release = world.declare().await;
            world.start(release).await;
        }
        let start = world.runtime.head().size;
        let writers = (0..WRITERS).map(|writer| {
            let world = world.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    let name = format!("at-{start}-writer-{writer}-{number}");
                    let scope = Scope::Environment(name.parse().expect("is a name"));
                    let reason = "until killed".to_owned();
                    let receipt =
                        world.submit(Command::PauseScope { scope, reason }).await.expect("is accepted");
                    let position = receipt.position - receipt.events.len() as u64;
                    // One write, so that lines of the writers do not mix.
                    let line = format!("acknowledged {position} {name} end\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent reads");
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("writes until killed");
        }
    });
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a tokio runtime starts").block_on(future)
}
