//! A long ledger, written straight into the store as the kernel would. Other benches use it too.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_ledger::{Checkpoint, Frontier, SigningKey, leaf_hash, to_canonical};
use shipway_model::Name;
use shipway_model::event::{Body, Event, Schema};
use shipway_runtime::store::{Batch, NODE_LEVEL_MIN, Node};
use shipway_runtime::{Config, OsEntropy, Record, Store, SystemClock};
use shipway_store::SqliteStore;

const BATCH: u64 = 10_000;

pub(crate) fn config() -> Config {
    let origin = "shipway.test/bench".parse().expect("is an origin");
    Config {
        tenant: "bench".parse().expect("is a name"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        signer: SigningKey::from_seed(origin, &[7; 32]),
    }
}

/// `n_events` of 294 bytes or so, with those that stand there already.
pub(crate) fn fill(path: &Path, n_events: u64, config: &Config) {
    let mut store = SqliteStore::open(path).expect("opens");
    let Config { signer, tenant, .. } = config;
    let head = store.load().expect("loads").head;
    let mut frontier = match head.size {
        0 => Frontier::default(),
        _ => Frontier::from_bytes(&head.frontier).expect("is a frontier"),
    };
    for revision in head.revision.. {
        let base = if frontier.size() == 0 { Vec::new() } else { frontier.to_bytes() };
        let mut batch = Batch { revision, base, ..Batch::default() };
        for _ in 0..BATCH.min(n_events.saturating_sub(frontier.size())) {
            let event = event(frontier.size(), tenant);
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
        if batch.records.is_empty() {
            return;
        }
        let (size, root) = (frontier.size(), frontier.root());
        let origin = signer.verifier().name().clone();
        batch.size = size;
        batch.frontier = frontier.to_bytes();
        batch.checkpoint = Checkpoint { origin, size, root }.sign(signer);
        store.append(&batch).expect("is written");
    }
}

fn event(number: u64, tenant: &Name) -> Event {
    let labels =
        BTreeMap::from([("number".to_owned(), number.to_string()), ("padding".to_owned(), "x".repeat(72))]);
    let body = Body::AgentRegistered {
        host: format!("host-{}", number % 1000).parse().expect("is a name"),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        labels,
    };
    let at = Timestamp::from_millisecond(1_790_000_000_000 + number as i64).expect("is in range");
    Event { schema: Schema::V1, tenant: tenant.clone(), actor: "agent:host".to_owned(), at, body }
}
