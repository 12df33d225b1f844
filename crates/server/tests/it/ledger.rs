//! Everything that is shown of the ledger can be checked by whoever sees it.

use shipway_api::operations::ledger::{
    ConsistencyQuery, LedgerQuery, ListLedgerEvents, PositionPath, ShowConsistencyProof, ShowEventProof,
    ShowLedgerHead,
};
use shipway_ledger::{Checkpoint, leaf_hash, to_canonical, verify_consistency, verify_inclusion};

use crate::bed::{Bed, FILES};

#[tokio::test]
async fn events_proofs_and_checkpoint_agree() {
    let bed = Bed::start().await;
    let old = bed.admin.call::<ShowLedgerHead>((), (), ()).await.unwrap().value;
    bed.apply(FILES).await;
    let head = bed.admin.call::<ShowLedgerHead>((), (), ()).await.unwrap().value;
    assert_eq!((head.size, old.size), (bed.size(), head.size - 3));
    let signed = Checkpoint::verify(&head.checkpoint, bed.runtime.verifier_key()).unwrap();
    assert_eq!((signed.size, signed.root), (head.size, head.root));

    let (mut events, mut from) = (Vec::new(), Some(0));
    while from.is_some() {
        let query = LedgerQuery { from, limit: Some(2) };
        let page = bed.admin.call::<ListLedgerEvents>((), query, ()).await.unwrap().value;
        events.extend(page.items);
        from = page.next.map(|it| it.parse().unwrap());
    }
    assert_eq!(events.len() as u64, head.size);
    for (position, event) in events.iter().enumerate() {
        assert_eq!(event.position, position as u64);
        assert_eq!(leaf_hash(&to_canonical(&event.event).unwrap()), event.leaf);
        let path = PositionPath { position: event.position };
        let proof = bed.admin.call::<ShowEventProof>(path, (), ()).await.unwrap().value;
        assert_eq!(proof.leaf, event.leaf);
        verify_inclusion(proof.leaf, proof.position, proof.head.size, &proof.path, head.root).unwrap();
    }
    let query = ConsistencyQuery { from: old.size, to: None };
    let proof = bed.admin.call::<ShowConsistencyProof>((), query, ()).await.unwrap().value;
    verify_consistency(old.size, proof.to, &proof.path, old.root, head.root).unwrap();
}
