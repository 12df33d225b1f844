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
const ROUNDS: usize = 12;
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
fn run_and_kill(ledger: &Path, n_lines: usize) -> Vec<(usize, String)> {
    let myself = std::env::current_exe().expect("a test knows its own binary");
    let mut child = Process::new(myself)
        .args(["--exact", "crash::what_was_acknowledged_survives_sigkill", "--nocapture"])
        .env(LEDGER, ledger)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines().map_while(Result::ok);
    let mut acknowledged: Vec<_> =
        lines.by_ref().filter_map(|it| acknowledgement(&it)).take(n_lines).collect();
    child.kill().expect("the child is killed");
    child.wait().expect("the child is gone");
    // What it had printed by then counts too.
    acknowledged.extend(lines.filter_map(|it| acknowledgement(&it)));
    assert!(acknowledged.len() >= n_lines, "the child ended by itself");
    acknowledged
}

/// The position and scope in a line of the child's, unless it is something else or was cut short.
fn acknowledgement(line: &str) -> Option<(usize, String)> {
    let (position, scope) = line.strip_prefix("acknowledged ")?.strip_suffix(" end")?.split_once(' ')?;
    Some((position.parse().ok()?, scope.to_owned()))
}

/// Everything acknowledged is there, everything there verifies, and the queue fits the state. Answers with the size.
fn check(ledger: &Path, acknowledged: &[(usize, String)], size_before: u64) -> u64 {
    let mut store = SqliteStore::open(ledger).expect("the lock died with its holder");
    let loaded = store.load().expect("loads");
    let stored: BTreeMap<_, _> =
        loaded.effects.iter().map(|it| (it.effect.key, it.effect.as_ref().clone())).collect();
    let records = store.reader().read(0, usize::MAX / 2).expect("reads");
    assert_eq!(records.len() as u64, loaded.head.size);
    assert!(loaded.head.size >= size_before + acknowledged.len() as u64);
    for (position, scope) in acknowledged {
        let text = String::from_utf8_lossy(&records[*position].bytes).into_owned();
        assert!(text.contains(&format!("\"{scope}\"")), "{scope} at {position}: {text}");
    }

    let world = World::open(Box::new(store), ManualClock::default()).expect("is whole");
    let head = world.runtime.head();
    assert_eq!(head.size, loaded.head.size, "opening has nothing to add");
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
