//! The writer under load, failure and shutdown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use shipway_engine::Command;
use shipway_model::event::Scope;
use shipway_runtime::memory::{MemoryDisk, MemoryStore};
use shipway_runtime::store::{AppendError, Batch, Loaded};
use shipway_runtime::suite::World;
use shipway_runtime::{Store, StoreError, StoreReader, SubmitError};

fn pause(number: usize) -> Command {
    let scope = Scope::Environment(format!("number-{number}").parse().expect("is a name"));
    Command::PauseScope { scope, reason: "a test".to_owned() }
}

/// A store that writes each batch only when the test says how: a disk as slow or as broken as it likes.
struct Gated {
    store: MemoryStore,
    /// Tells how many records each batch brings.
    arrived: Sender<usize>,
    gate: Mutex<Receiver<Result<(), AppendError>>>,
}

struct Gate {
    arrived: Receiver<usize>,
    open: Sender<Result<(), AppendError>>,
}

/// A world whose store is gated after the ledger was opened.
fn gated() -> (World, Gate) {
    let disk = MemoryDisk::default();
    World::fresh(Box::new(disk.open()));
    let (arrived, arrivals) = channel();
    let (open, gate) = channel();
    let store = Gated { store: disk.open(), arrived, gate: Mutex::new(gate) };
    (World::fresh(Box::new(store)), Gate { arrived: arrivals, open })
}

impl Gate {
    /// Waits for the next batch, which is then at the gate.
    fn next(&self) -> usize {
        self.arrived.recv_timeout(Duration::from_secs(30)).expect("a batch arrives")
    }

    /// From now on every batch is written as soon as it comes.
    fn stay_open(self) -> JoinHandle<()> {
        std::thread::spawn(move || {
            while self.arrived.recv().is_ok() {
                self.open(Ok(()));
            }
        })
    }

    fn open(&self, result: Result<(), AppendError>) {
        self.open.send(result).expect("the store waits");
    }
}

impl Store for Gated {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        self.arrived.send(batch.records.len()).expect("the test listens");
        match self.gate.lock().expect("one at a time").recv().expect("the test opens the gate") {
            Ok(()) => self.store.append(batch),
            // It is written, and the answer is lost.
            Err(unsure @ AppendError::Unsure(_)) => self.store.append(batch).and(Err(unsure)),
            Err(refused) => Err(refused),
        }
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        self.store.reader()
    }
}

/// Submits `numbers` at once, and returns when all of them wait.
async fn submit_all(
    world: &Arc<World>,
    numbers: std::ops::Range<usize>,
) -> Vec<tokio::task::JoinHandle<Result<u64, SubmitError>>> {
    let (mut submitted, begun) = (Vec::new(), Arc::new(AtomicUsize::new(0)));
    for number in numbers {
        let (world, begun) = (world.clone(), begun.clone());
        submitted.push(tokio::spawn(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            world.submit(pause(number)).await.map(|it| it.position)
        }));
    }
    // On this runtime of one thread, whatever has begun has run up to its wait. A few dozen do before this goes on.
    while begun.load(Ordering::Relaxed) < submitted.len() {
        tokio::task::yield_now().await;
    }
    submitted
}

async fn all(
    submitted: Vec<tokio::task::JoinHandle<Result<u64, SubmitError>>>,
) -> Vec<Result<u64, SubmitError>> {
    let mut results = Vec::new();
    for it in submitted {
        results.push(it.await.expect("does not panic"));
    }
    results
}

#[tokio::test]
async fn what_comes_while_a_batch_is_written_is_the_next_batch() {
    let (world, gate) = gated();
    let world = Arc::new(world);
    let first = submit_all(&world, 0..1).await;
    assert_eq!(gate.next(), 1);
    let rest = submit_all(&world, 1..41).await;
    gate.open(Ok(()));
    assert_eq!(all(first).await, [Ok(2)]);
    let mut n_batches = 0;
    let mut n_records = 0;
    while n_records < 40 {
        n_records += gate.next();
        n_batches += 1;
        gate.open(Ok(()));
    }
    assert_eq!(n_batches, 1);
    assert_eq!(all(rest).await, (3..43).map(Ok).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_is_seen_before_it_is_durable() {
    let (world, gate) = gated();
    let world = Arc::new(world);
    let waiting = submit_all(&world, 0..2).await;
    gate.next();
    assert_eq!(world.runtime.head().size, 1);
    assert_eq!(world.runtime.state().pauses.iter().count(), 0);
    assert!(waiting.iter().all(|it| !it.is_finished()));
    gate.open(Ok(()));
    gate.stay_open();
    assert!(all(waiting).await.iter().all(Result::is_ok));
    assert_eq!(world.runtime.state().pauses.iter().count(), 2);
}

#[tokio::test]
async fn what_was_decided_on_top_of_a_refused_batch_is_refused_with_it() {
    // Whether the writer has looked at the last requests by the time their ground is refused is for it to say; it has
    // in nearly every round.
    let mut n_refused = 0;
    for _ in 0..100 {
        n_refused += refuse_the_ground().await;
        if n_refused > 0 {
            return;
        }
    }
    panic!("nothing was ever decided on top of a batch that was being written");
}

/// Has a batch refused while others wait behind it. Answers with how many of those were refused with it.
async fn refuse_the_ground() -> usize {
    let (world, gate) = gated();
    let world = Arc::new(world);
    // While the first is written, the next two come together, and so go to the other thread.
    let first = submit_all(&world, 0..1).await;
    gate.next();
    let second = submit_all(&world, 1..3).await;
    gate.open(Ok(()));
    assert_eq!(all(first).await, [Ok(2)]);
    assert_eq!(gate.next(), 2);
    let third = submit_all(&world, 3..6).await;
    std::thread::yield_now();
    gate.open(Err(AppendError::Unavailable("the disk is full".to_owned())));
    gate.stay_open();

    let full = Err(SubmitError::Unavailable("the disk is full".to_owned()));
    assert_eq!(all(second).await, vec![full.clone(); 2]);
    let third = all(third).await;
    let n_refused = third.iter().filter(|it| **it == full).count();
    let n_accepted = third.iter().filter(|it| it.is_ok()).count();
    assert_eq!(n_refused + n_accepted, 3);
    assert_eq!(world.runtime.head().size, 2 + n_accepted as u64);
    assert_eq!(world.runtime.state().pauses.iter().count(), 1 + n_accepted);
    // What was refused is not half there: asked again, it happens.
    let again = all(submit_all(&world, 1..2).await).await;
    assert_eq!(again, [Ok(3 + n_accepted as u64)]);
    n_refused
}

#[tokio::test]
async fn more_than_can_wait_is_refused_at_once() {
    let (world, gate) = gated();
    let world = Arc::new(world);
    let first = submit_all(&world, 0..1).await;
    gate.next();
    let rest = submit_all(&world, 1..6001).await;
    gate.open(Ok(()));
    let opener = gate.stay_open();
    let results = all(rest).await;
    let n_refused = results.iter().filter(|it| **it == Err(SubmitError::Overloaded)).count();
    let n_accepted = results.iter().filter(|it| it.is_ok()).count();
    assert_eq!((n_refused + n_accepted, n_accepted >= 4096, n_refused > 0), (6000, true, true));
    assert!(all(first).await[0].is_ok());
    let world = Arc::into_inner(world).expect("nobody else has it");
    assert_eq!(world.runtime.head().size, 2 + n_accepted as u64);
    world.runtime.shutdown().await;
    opener.join().expect("ends with the store");
}

#[tokio::test]
async fn shutting_down_answers_what_waits_and_takes_no_more() {
    let (world, gate) = gated();
    let world = Arc::new(world);
    let waiting = submit_all(&world, 0..5).await;
    let runtime = world.runtime.clone();
    let shutdown = tokio::spawn(runtime.shutdown());
    let opener = gate.stay_open();
    assert!(all(waiting).await.iter().all(Result::is_ok));
    shutdown.await.expect("ends");
    assert!(matches!(world.submit(pause(9)).await, Err(SubmitError::Unavailable(_))));
    assert_eq!(world.runtime.records(0, 10).await.expect("reading works").len(), 6);
    opener.join().expect("ends with the store");
}

#[tokio::test]
async fn a_store_that_panics_leaves_nobody_waiting() {
    let (world, gate) = gated();
    let world = Arc::new(world);
    let waiting = submit_all(&world, 0..3).await;
    gate.next();
    // The test does not listen any more: the store panics.
    drop(gate);
    for result in all(waiting).await {
        assert!(matches!(result, Err(SubmitError::Unavailable(_))), "{result:?}");
    }
    assert!(matches!(world.submit(pause(9)).await, Err(SubmitError::Unavailable(_))));
}

/// What was refused because nobody knew whether it was written may have been: nothing is decided before that is known, also
/// what would write nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_lost_answer_the_store_is_read_before_anything_is_decided() {
    let (world, gate) = gated();
    let world = Arc::new(world);
    let pausing = tokio::spawn({
        let world = world.clone();
        async move { world.submit(pause(1)).await }
    });
    gate.next();
    gate.open(Err(AppendError::Unsure("the line broke".to_owned())));
    let refused = pausing.await.expect("does not panic").expect_err("nobody knows");
    assert_eq!(refused, SubmitError::Unsure("the line broke".to_owned()));
    let opened = gate.stay_open();
    let Command::PauseScope { scope, .. } = pause(1) else { unreachable!("it is one") };
    let resumed = world.submit(Command::ResumeScope { scope }).await.expect("it is paused");
    assert!(!resumed.repeated);
    assert_eq!(world.runtime.head().size, 3);
    let world = Arc::into_inner(world).expect("nobody else has it");
    world.runtime.shutdown().await;
    opened.join().expect("the gate's thread ends");
}
