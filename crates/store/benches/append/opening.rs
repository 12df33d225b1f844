//! Opening: nothing, and a ledger of a million events.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use shipway_ledger::{Checkpoint, Frontier, leaf_hash, to_canonical};
use shipway_model::event::{Body, Event, Schema};
use shipway_runtime::store::{Batch, NODE_LEVEL_MIN, Node};
use shipway_runtime::{Record, Runtime, Store};
use shipway_store::SqliteStore;

use crate::rate::{block_on, median};
use crate::whole::config;

const N_EVENTS: u64 = 1_000_000;
const BATCH: u64 = 10_000;
const ROUNDS: usize = 3;

pub(crate) fn measure(folder: &Path) {
    let empty = (0..ROUNDS).map(|round| open(&folder.join(format!("empty-{round}.db"))));
    println!("opening, median of {ROUNDS}");
    println!("  an empty ledger          {:>8.1} ms", median(empty) * 1000.0);
    let path = folder.join("million.db");
    fill(&path);
    let seconds = median((0..ROUNDS).map(|_| open(&path)));
    println!("  {N_EVENTS} events           {:>8.1} ms", seconds * 1000.0);
    println!("  replayed and verified    {:>8.0} events/s", N_EVENTS as f64 / seconds);
}

/// Seconds until commands would be taken.
fn open(path: &Path) -> f64 {
    let start = Instant::now();
    let store = SqliteStore::open(path).expect("opens");
    let runtime = Runtime::open(Box::new(store), config()).expect("opens");
    let seconds = start.elapsed().as_secs_f64();
    block_on(runtime.shutdown());
    seconds
}

/// Writes the ledger straight into the store, as the kernel would.
fn fill(path: &Path) {
    let mut store = SqliteStore::open(path).expect("opens");
    let signer = config().signer;
    let mut frontier = Frontier::default();
    for revision in 0..N_EVENTS / BATCH {
        let mut batch = Batch { revision, ..Batch::default() };
        for _ in 0..BATCH {
            let event = event(frontier.size());
            let bytes = to_canonical(&event).expect("is canonical");
            let leaf = leaf_hash(&bytes);
            let record = Record { position: frontier.size(), bytes: bytes.into(), leaf };
            batch.records.push((event.body.stream().to_string(), record));
            frontier.push_with(leaf, |level, index, hash| {
                if level >= NODE_LEVEL_MIN {
                    batch.nodes.push(Node { level, index, hash });
                }
            });
        }
        let (size, root) = (frontier.size(), frontier.root());
        let origin = signer.verifier().name().clone();
        batch.size = size;
        batch.frontier = frontier.to_bytes();
        batch.checkpoint = Checkpoint { origin, size, root }.sign(&signer);
        store.append(&batch).expect("is written");
    }
}

fn event(number: u64) -> Event {
    let labels =
        BTreeMap::from([("number".to_owned(), number.to_string()), ("padding".to_owned(), "x".repeat(72))]);
    let body = Body::AgentRegistered {
        host: format!("host-{}", number % 1000).parse().expect("is a name"),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        labels,
    };
    let at = Timestamp::from_millisecond(1_790_000_000_000 + number as i64).expect("is in range");
    let tenant = "bench".parse().expect("is a name");
    Event { schema: Schema::V1, tenant, actor: "agent:host".to_owned(), at, body }
}
