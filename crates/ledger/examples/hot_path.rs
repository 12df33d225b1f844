//! Times what appending costs per event, without storage: `cargo run --release -p shipway-ledger --example hot_path`.

use std::hint::black_box;
use std::time::Instant;

use serde::Serialize;
use shipway_ledger::{Frontier, Verifier, leaf_hash, to_canonical};
use shipway_model::Digest;

const N_EVENTS: u64 = 300_000;

/// The shape and size of a typical event: about 500 bytes, keys not in canonical order, one map, one list.
#[derive(Serialize)]
struct Event<'a> {
    schema: &'a str,
    tenant: &'a str,
    actor: Actor<'a>,
    at: &'a str,
    subjects: [Digest; 2],
    decision_inputs_digest: Digest,
    kind: Kind<'a>,
    correlation: u64,
}

#[derive(Serialize)]
struct Actor<'a> {
    kind: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Kind<'a> {
    WaveStarted { rollout: &'a str, wave_idx: u32, targets: [&'a str; 3], weight_bp: u32 },
}

fn event(number: u64) -> Event<'static> {
    Event {
        schema: "shipway/event/v1",
        tenant: "acme",
        actor: Actor { kind: "engine", name: "rollout-controller" },
        at: "2026-03-01T12:00:00.123456Z",
        subjects: [Digest::from_bytes([7; 32]), Digest::from_bytes([8; 32])],
        decision_inputs_digest: Digest::from_bytes([9; 32]),
        kind: Kind::WaveStarted {
            rollout: "rol_01980000000070008000000000000000",
            wave_idx: 3,
            targets: ["eu-1", "eu-2", "us-1"],
            weight_bp: 2_500,
        },
        correlation: number,
    }
}

fn main() {
    let records: Vec<_> = time("canonical bytes", || {
        (0..N_EVENTS).map(|number| to_canonical(&event(number)).expect("is canonical")).collect()
    });
    let leaves: Vec<_> = time("leaf hashes", || records.iter().map(|it| leaf_hash(it)).collect());
    let frontier = time("tree", || {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|it| frontier.push(*it));
        frontier
    });
    time("root and copy per event", || {
        for _ in 0..N_EVENTS {
            black_box(black_box(&frontier).clone().root());
        }
    });
    time("offline verification", || {
        let mut verifier = Verifier::new(Vec::new()).expect("no checkpoints");
        for (position, (record, leaf)) in (0..).zip(records.iter().zip(&leaves)) {
            verifier.feed(position, record, *leaf).expect("is sound");
        }
        assert_eq!(verifier.finish().expect("is sound").root, frontier.root());
    });
    println!("{} bytes per event", records[0].len());
}

fn time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what:<26}{:>12.0} events/s", N_EVENTS as f64 / start.elapsed().as_secs_f64());
    result
}
