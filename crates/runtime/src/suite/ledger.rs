//! Promises about the ledger: nothing is lost, moved or made up, and all of it can be proved.

use shipway_ledger::{Checkpoint, Verifier, verify_consistency, verify_inclusion};
use shipway_model::Digest;
use shipway_model::event::{Event, Stream};

use super::world::{World, pause, resume};
use super::{Site, block_on};
use crate::store::{AppendError, Batch, Record};

pub(super) fn stale_batches_are_refused(site: &dyn Site) {
    let mut store = site.open();
    let batch = |revision, base: &str, position, text: &str| Batch {
        revision,
        base: base.as_bytes().to_vec(),
        records: vec![("pauses".to_owned(), record(position, text))],
        size: position + 1,
        frontier: text.as_bytes().to_vec(),
        ..Batch::default()
    };
    let revision = store.load().expect("loads").head.revision;
    store.append(&batch(revision, "", 0, "first")).expect("is taken");
    let stale = [
        batch(revision, "first", 1, "late"),
        batch(revision + 2, "first", 1, "early"),
        batch(revision + 1, "other", 1, "on another history"),
    ];
    for batch in &stale {
        assert_eq!(store.append(batch), Err(AppendError::Stale), "{batch:?}");
    }
    let loaded = store.load().expect("loads").head;
    assert_eq!((loaded.revision, loaded.size, &*loaded.frontier), (revision + 1, 1, b"first".as_slice()));
    assert_eq!(store.reader().read(0, 10).expect("reads").len(), 1);
    store.append(&batch(revision + 1, "first", 1, "second")).expect("is taken");
}

pub(super) fn positions_have_no_gaps_and_records_verify(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let submit = |writer: usize| {
            let runtime = &world;
            async move {
                let scope = format!("writer-{writer}");
                for _ in 0..10 {
                    runtime.submit(pause(&scope)).await.expect("is accepted");
                    runtime.submit(resume(&scope)).await.expect("is accepted");
                }
            }
        };
        let (a, b, c) = (submit(0), submit(1), submit(2));
        tokio::join!(a, b, c);

        let head = world.runtime.head();
        assert_eq!(head.size, 61);
        let checkpoint =
            Checkpoint::verify(&head.checkpoint, world.runtime.verifier_key()).expect("is signed");
        let mut verifier = Verifier::new(vec![checkpoint]).expect("one checkpoint agrees with itself");
        for record in world.runtime.records(0, 100).await.expect("reads") {
            verifier.feed(record.position, &record.bytes, record.leaf).expect("is as it was written");
        }
        let report = verifier.finish().expect("is complete");
        assert_eq!((report.size, report.root, report.checkpoints_agreed), (head.size, head.root, 1));
        assert_eq!(world.runtime.records(59, 100).await.expect("reads").len(), 2);
        assert_eq!(world.runtime.records(61, 100).await.expect("reads").len(), 0);
        world.runtime.shutdown().await;
    });
}

pub(super) fn every_record_and_every_growth_can_be_proved(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let mut roots = Vec::new();
        for round in 0..300 {
            let head = world.runtime.head();
            roots.push((head.size, head.root));
            let scope = format!("round-{round}");
            let (first, second) = (pause(&scope), resume(&scope));
            let (first, second) = tokio::join!(world.submit(first), world.submit(second));
            // Resumed before it was paused is refused; both orders are fine here.
            assert!(first.is_ok() || second.is_ok());
        }
        let head = world.runtime.head();
        assert!(head.size > 256, "the proofs reach stored nodes");
        for position in (0..head.size).step_by(37) {
            let record = world.runtime.records(position, 1).await.expect("reads").remove(0);
            let proof = world.runtime.inclusion_proof(position, head.size).await.expect("is proved");
            verify_inclusion(record.leaf, position, head.size, &proof, head.root).expect("proves");
        }
        for (size, root) in roots.iter().skip(1).step_by(41) {
            let proof = world.runtime.consistency_proof(*size, head.size).await.expect("is proved");
            verify_consistency(*size, head.size, &proof, *root, head.root).expect("proves");
        }
        world.runtime.shutdown().await;
    });
}

pub(super) fn streams_hold_their_own_records_in_order(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        let rollout = world.start(release).await;
        let all = world.runtime.records(0, 100).await.expect("reads");
        let of_rollout = world.runtime.stream(&Stream::Rollout(rollout), 0, 100).await.expect("reads");
        let expected: Vec<_> = all
            .into_iter()
            .filter(|it| {
                let event = Event::read(&it.bytes).expect("parses");
                event.body.stream() == Stream::Rollout(rollout)
            })
            .collect();
        assert!(expected.len() > 1);
        assert_eq!(of_rollout, expected);
        let after = expected[1].position;
        let later = world.runtime.stream(&Stream::Rollout(rollout), after, 1).await.expect("reads");
        assert_eq!(later, expected[1..2]);
        world.runtime.shutdown().await;
    });
}

pub(super) fn long_streams_are_read_whole_and_in_pieces(site: &dyn Site) {
    // Batches of uneven size, so that whatever a store does every so often falls within them and between them.
    const N_BATCHES: u64 = 150;
    let stream_of = |position: u64| if position.is_multiple_of(7) { "rare" } else { "frequent" };
    let mut positions = 0..;
    let mut size = 0;
    let mut store = site.open();
    for revision in 0..N_BATCHES {
        let n_records = 1 + (revision * 37) % 200;
        let records = positions.by_ref().take(n_records as usize);
        let records: Vec<_> =
            records.map(|it| (stream_of(it).to_owned(), record(it, &format!("record {it}")))).collect();
        size += n_records;
        store.append(&Batch { revision, records, size, ..Batch::default() }).expect("is taken");
        if revision == N_BATCHES / 2 {
            drop(store);
            store = site.open();
        }
    }
    assert!(size > 10_000);
    let reader = store.reader();
    for stream in ["rare", "frequent", "unknown"] {
        for from in [0, 1, 4095, 4096, 4999, size - 10, size] {
            let expected = |limit| {
                let of_stream = (from..size).filter(|it| stream_of(*it) == stream);
                of_stream.map(|it| record(it, &format!("record {it}"))).take(limit).collect::<Vec<_>>()
            };
            for limit in [0, 1, 1000, 20_000] {
                let found = reader.read_stream(stream, from, limit).expect("reads");
                assert!(found == expected(limit), "{limit} of {stream} from {from}: {} found", found.len());
            }
        }
    }
}

fn record(position: u64, text: &str) -> Record {
    Record { position, bytes: text.as_bytes().into(), leaf: Digest::of(text.as_bytes()) }
}
