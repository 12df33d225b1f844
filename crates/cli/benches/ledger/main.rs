//! The ledger as evidence and as memory: records verified, replayed and proved per second, beside what decoding and hashing
//! alone take. `cargo bench -p shipway-cli --bench ledger`; `SHIPWAY_BENCH_EVENTS` sets how long it is (1,000,000).
//!
//! Rounds of what is compared follow one another, so that a busy machine slows all alike; figures are medians.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use filled::{config, fill};
use rate::{block_on, median};
use shipway_ledger::verify::Verifier;
use shipway_ledger::{Checkpoint, Frontier, leaf_hash};
use shipway_model::event::Event;
use shipway_runtime::{Record, Runtime, Store};
use shipway_store::SqliteStore;

/// Of the events in the measurements that are compared.
const EVENT_BYTES: usize = 294;
#[path = "../store/disk.rs"]
mod disk;
mod filled;
#[path = "../store/rate.rs"]
#[expect(dead_code, reason = "writers are measured elsewhere")]
mod rate;

const N_EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 3;
/// Records for the bare figures: more do not change them.
const SAMPLE_MAX: usize = 100_000;
const READ_MAX: usize = 1000;
const PROVE: Duration = Duration::from_secs(2);

fn main() {
    let n_events = std::env::var("SHIPWAY_BENCH_EVENTS").map_or(N_EVENTS, |it| it.parse().expect("a number"));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    println!(
        "disk: {:.0} fdatasync'ed appends of {EVENT_BYTES} bytes /s",
        disk::appends_per_second(folder.path(), 1)
    );
    let path = folder.path().join("ledger.sqlite");
    fill(&path, n_events, &config());
    let sample = sample(&path);

    println!("events per second on one core, median of {ROUNDS}, a ledger of {n_events}");
    let mut rounds: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let n_sample = sample.len() as f64;
        rounds[0].push(n_sample / seconds(|| decode(&sample)));
        rounds[1].push(n_sample / seconds(|| decode_and_hash(&sample)));
        rounds[2].push(n_events as f64 / seconds(|| verify(&path)));
        rounds[3].push(n_events as f64 / seconds(|| open(&path)));
    }
    let ratio = |idx: usize, bare: usize| {
        median(rounds[idx].iter().zip(&rounds[bare]).map(|(whole, bare)| whole / bare))
    };
    let rate = |idx: usize| median(rounds[idx].iter().copied());
    println!("  decoded in memory            {:>10.0}", rate(0));
    println!("  decoded and hashed in memory {:>10.0}", rate(1));
    println!("  read and verified            {:>10.0}   {:.2} of decoded and hashed", rate(2), ratio(2, 1));
    println!("  replayed until open          {:>10.0}   {:.2} of decoded and hashed", rate(3), ratio(3, 1));
    println!("opening took {:.0} ms", n_events as f64 / rate(3) * 1000.0);

    prove(&path);
}

fn seconds(act: impl FnOnce()) -> f64 {
    let began = Instant::now();
    act();
    began.elapsed().as_secs_f64()
}

fn sample(path: &Path) -> Vec<Record> {
    let reader = SqliteStore::open(path).expect("opens").reader();
    reader.read(0, SAMPLE_MAX).expect("reads")
}

fn decode(sample: &[Record]) {
    for record in sample {
        black_box(serde_json::from_slice::<Event>(&record.bytes).expect("is an event"));
    }
}

fn decode_and_hash(sample: &[Record]) {
    let mut frontier = Frontier::default();
    for record in sample {
        black_box(serde_json::from_slice::<Event>(&record.bytes).expect("is an event"));
        frontier.push(leaf_hash(&record.bytes));
    }
    black_box(frontier.root());
}

/// As `shipway ledger verify` does.
fn verify(path: &Path) {
    let mut store = SqliteStore::open(path).expect("opens");
    let head = store.load().expect("loads").head;
    let signed = Checkpoint::verify(&head.checkpoint, config().signer.verifier()).expect("is signed");
    let mut verifier = Verifier::new(vec![signed]).expect("one agrees with itself");
    let reader = store.reader();
    let mut from = 0;
    while from < head.size {
        let records = reader.read(from, READ_MAX).expect("reads");
        for record in &records {
            verifier.feed(record.position, &record.bytes, record.leaf).expect("is sound");
        }
        from += records.len() as u64;
    }
    assert_eq!(verifier.finish().expect("is whole").size, head.size);
}

/// Until commands would be taken.
fn open(path: &Path) {
    let store = SqliteStore::open(path).expect("opens");
    let runtime = Runtime::open(Box::new(store), config()).expect("opens");
    block_on(runtime.shutdown());
}

fn prove(path: &Path) {
    let store = SqliteStore::open(path).expect("opens");
    let reader = store.reader();
    let runtime = Runtime::open(Box::new(store), config()).expect("opens");
    let size = runtime.head().size;
    // Positions all over the ledger, by a stride that meets none twice.
    let place = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % size;
    block_on(async {
        let leaves = per_second(async |number| {
            black_box(reader.leaves(place(number), 256).expect("reads"));
        });
        println!("proofs per second, one after the other");
        println!("  256 leaves read {:>8.0}", leaves.await);
        let inclusion = per_second(async |number| {
            black_box(runtime.inclusion_proof(place(number), size).await.expect("is proved"));
        });
        println!("  inclusion       {:>8.0}", inclusion.await);
        let consistency = per_second(async |number| {
            black_box(runtime.consistency_proof(place(number).max(1), size).await.expect("is proved"));
        });
        println!("  consistency     {:>8.0}", consistency.await);
        runtime.shutdown().await;
    });
}

async fn per_second(mut act: impl AsyncFnMut(u64)) -> f64 {
    let (began, mut n_done) = (Instant::now(), 0);
    while began.elapsed() < PROVE {
        act(n_done).await;
        n_done += 1;
    }
    n_done as f64 / began.elapsed().as_secs_f64()
}
