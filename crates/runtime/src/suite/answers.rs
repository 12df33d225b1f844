//! Promises about idempotency keys.

use shipway_engine::Command;
use shipway_model::event::Body;

use super::world::{World, name, pause};
use super::{Site, block_on};
use crate::runtime::{Receipt, SubmitError};

pub(super) fn commands_with_a_key_are_done_once(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        // Every request draws a new id, as handlers do.
        let start = |world: &World| {
            let id = world.runtime.new_rollout_id();
            Command::StartRollout { id, release, environment: name("test"), plan: None }
        };
        let first = world.submit_keyed("ada", Some("k"), start(&world)).await.expect("is accepted");
        assert!(!first.repeated && matches!(first.events[0].body, Body::RolloutQueued { .. }));
        let size = world.runtime.head().size;
        let again = world.submit_keyed("ada", Some("k"), start(&world)).await.expect("is answered");
        same(&again, &first);

        let world = world.reopen(|| site.open()).await;
        let again = world.submit_keyed("ada", Some("k"), start(&world)).await.expect("is answered");
        same(&again, &first);
        assert_eq!(world.runtime.head().size, size);
        world.runtime.shutdown().await;
    });
}

pub(super) fn keys_are_bound_to_their_request_and_actor(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        world.submit_keyed("ada", Some("k"), pause("a")).await.expect("is accepted");
        let reused = world.submit_keyed("ada", Some("k"), pause("b")).await;
        assert_eq!(reused.expect_err("is another request"), SubmitError::KeyReused);
        let others = world.submit_keyed("bob", Some("k"), pause("b")).await.expect("is bob's own key");
        assert!(!others.repeated);
        // What was refused may be asked again under its key, and then be accepted.
        let refused = world.submit_keyed("ada", Some("later"), super::world::resume("c")).await;
        assert!(matches!(refused, Err(SubmitError::Rejected(_))));
        world.submit(pause("c")).await.expect("is accepted");
        world.submit_keyed("ada", Some("later"), super::world::resume("c")).await.expect("is accepted");
        world.runtime.shutdown().await;
    });
}

pub(super) fn equal_keys_in_one_batch_are_done_once(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let submit = || world.submit_keyed("ada", Some("k"), pause("a"));
        let (a, b, c, d) = tokio::join!(submit(), submit(), submit(), submit());
        let receipts = [a, b, c, d].map(|it| it.expect("is answered"));
        assert_eq!(receipts.iter().filter(|it| !it.repeated).count(), 1);
        for receipt in &receipts {
            assert_eq!((receipt.position, &receipt.events), (receipts[0].position, &receipts[0].events));
        }
        assert_eq!(world.runtime.head().size, 2);
        world.runtime.shutdown().await;
    });
}

fn same(again: &Receipt, first: &Receipt) {
    assert!(again.repeated);
    assert_eq!((again.position, &again.events), (first.position, &first.events));
}
