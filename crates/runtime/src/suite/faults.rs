//! Promises for when writing fails.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use shipway_engine::Command;

use super::world::{World, name, pause, resume};
use super::{FaultyStore, Site, Switch, block_on};
use crate::runtime::SubmitError;

pub(super) fn refused_batches_leave_nothing_behind(site: &dyn Site) {
    block_on(async {
        let switch = Switch::default();
        let world = World::fresh(Box::new(FaultyStore { store: site.open(), switch: switch.clone() }));
        let release = world.declare().await;
        world.start(release).await;
        let before = world.runtime.head();

        switch.set(true);
        let full = SubmitError::Unavailable("no space left on the device".to_owned());
        let (first, second) = tokio::join!(world.submit(pause("a")), world.submit(pause("b")));
        assert_eq!((first.expect_err("is refused"), second.expect_err("is refused")), (full.clone(), full));
        let request = crate::runtime::LeaseRequest { max: 1, ..Default::default() };
        let performer = shipway_model::effect::Performer::Agent(name("host-a"));
        assert!(world.runtime.lease(performer, request).await.is_err());
        assert_eq!(world.runtime.head(), before);
        assert_eq!(world.runtime.state().pauses.iter().count(), 0);

        switch.set(false);
        world.submit(pause("a")).await.expect("is accepted again");
        let lease = world.lease("host-a", Vec::new()).await.leases.remove(0);
        assert_eq!(lease.generation, 1, "the refused lease was not given");
        world.submit(resume("a")).await.expect("is accepted");
        assert_eq!(world.runtime.head().size, before.size + 2);
        world.reopen(|| site.open()).await.runtime.shutdown().await;
    });
}

pub(super) fn a_command_that_cannot_be_recorded_harms_no_other(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let huge = BTreeMap::from([("label".to_owned(), "x".repeat(2 << 20))]);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let register = |labels| Command::RegisterAgent { host: name("host-a"), address, labels };
        let (refused, other) =
            tokio::join!(world.submit(register(huge)), world.submit(register(BTreeMap::new())));
        assert!(matches!(refused, Err(SubmitError::Unrecordable(_))), "{refused:?}");
        other.expect("is accepted");
        assert_eq!(world.runtime.head().size, 2);
        world.reopen(|| site.open()).await.runtime.shutdown().await;
    });
}
