//! What a newer version of Shipway may have written.

use serde_json::{Value, json};
use shipway_ledger::{Checkpoint, Frontier, SigningKey, leaf_hash, to_canonical};

use super::world::{World, pause, signer};
use super::{ManualClock, Site, block_on};
use crate::open::OpenError;
use crate::store::{Batch, NODE_LEVEL_MIN, Node, Record, Store};

/// Of no event that there is.
pub const UNKNOWN: &str = "tide.turned";

/// Appends an event of the kind [`UNKNOWN`], after the ledger's last and signed as all are; answers with its position.
///
/// # Panics
/// On an empty ledger, and when the store does not take it.
pub fn append_unknown(store: &mut dyn Store, signer: &SigningKey) -> u64 {
    let head = store.load().expect("loads").head;
    let mut frontier = Frontier::from_bytes(&head.frontier).expect("is a frontier");
    let position = frontier.size();
    let last = store.reader().read(position - 1, 1).expect("reads").remove(0);
    let mut event: Value = serde_json::from_slice(&last.bytes).expect("is JSON");
    event["type"] = UNKNOWN.into();
    event["data"] = json!({"moon": "full"});
    let bytes = to_canonical(&event).expect("has a canonical form");
    let leaf = leaf_hash(&bytes);
    let mut nodes = Vec::new();
    frontier.push_with(leaf, |level, index, hash| {
        if level >= NODE_LEVEL_MIN {
            nodes.push(Node { level, index, hash });
        }
    });
    let origin = signer.verifier().name().clone();
    let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
    let batch = Batch {
        revision: head.revision,
        base: head.frontier,
        records: vec![("tides".to_owned(), Record { position, bytes: bytes.into(), leaf })],
        nodes,
        size: frontier.size(),
        frontier: frontier.to_bytes(),
        checkpoint: checkpoint.sign(signer),
        ..Batch::default()
    };
    store.append(&batch).expect("is taken");
    position
}

pub(super) fn what_a_newer_version_wrote_is_neither_skipped_nor_lost(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        world.submit(pause("a")).await.expect("is accepted");
        world.runtime.shutdown().await;
    });
    let position = append_unknown(site.open().as_mut(), &signer());
    let before = site.open().load().expect("loads").head;
    let refused = World::open(site.open(), ManualClock::default()).map(|_| ());
    match &refused {
        Err(OpenError::Unreadable { position: at, kind, .. }) if *at == position && kind == UNKNOWN => {}
        other => panic!("{other:?}"),
    }
    assert!(refused.is_err_and(|it| it.to_string().contains("newer version of Shipway")));
    assert_eq!(site.open().load().expect("loads").head, before, "nothing was written");
    assert_eq!(site.open().reader().read(position, 1).expect("reads").len(), 1);
}
