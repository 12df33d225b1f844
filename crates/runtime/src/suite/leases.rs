//! Promises about leases: one holder at a time, and whoever lost an effect cannot speak for it.

use std::time::Duration;

use jiff::Timestamp;
use shipway_engine::Command;
use shipway_model::effect::{Lease, Order, Outcome, Performer};
use shipway_model::event::Body;
use shipway_model::gate::{Decision, Requirement, Status};
use shipway_model::{Digest, Name};

use super::world::{TTL, World, name, success};
use super::{Site, block_on};
use crate::runtime::{LeaseRequest, Submission, SubmitError};

pub(super) fn effects_have_one_holder_at_a_time(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        let (one, two) = tokio::join!(world.lease("host-a", Vec::new()), world.lease("host-a", Vec::new()));
        assert_eq!(one.leases.len() + two.leases.len(), 1);
        let lease = one.leases.into_iter().chain(two.leases).next().expect("one of them has it");
        assert_eq!(lease.generation, 1);
        assert_eq!(lease.effect.performer, Performer::Agent(name("host-a")));
        assert!(world.lease("host-b", vec![(lease.effect.key, 1)]).await.renewed.is_empty());
        world.runtime.shutdown().await;
    });
}

pub(super) fn leases_end_and_generations_grow(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        let lease = world.lease("host-a", Vec::new()).await.leases.remove(0);
        let key = lease.effect.key;
        site.pass(&world.clock, TTL / 2);
        assert_eq!(world.lease("host-a", vec![(key, 1)]).await.renewed, [key]);
        site.pass(&world.clock, TTL / 2 + Duration::from_secs(1));
        assert!(world.lease("host-a", Vec::new()).await.leases.is_empty(), "it was renewed");

        site.pass(&world.clock, TTL);
        let again = world.lease("host-a", Vec::new()).await.leases.remove(0);
        assert_eq!((again.effect.key, again.generation), (key, 2));
        assert!(world.lease("host-a", vec![(key, 1)]).await.renewed.is_empty(), "the first holder lost it");
        assert_eq!(world.lease("host-a", vec![(key, 2)]).await.renewed, [key]);
        world.runtime.shutdown().await;
    });
}

pub(super) fn a_lease_whose_answer_was_lost_is_given_to_its_holder_again(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        let lost = world.lease_as("host-a", Some("one"), Vec::new()).await.leases.remove(0);
        assert!(world.lease_as("host-a", Some("two"), Vec::new()).await.leases.is_empty(), "one holds it");
        assert!(world.lease("host-a", Vec::new()).await.leases.is_empty(), "nobody in particular does not");
        let again = world.lease_as("host-a", Some("one"), Vec::new()).await.leases.remove(0);
        assert_eq!((&again.effect, again.generation), (&lost.effect, lost.generation));
        let known = world.lease_as("host-a", Some("one"), vec![(again.effect.key, again.generation)]).await;
        assert_eq!((known.leases.len(), known.renewed), (0, vec![again.effect.key]), "it has heard of it");

        site.pass(&world.clock, TTL);
        let others = world.lease_as("host-a", Some("two"), Vec::new()).await.leases.remove(0);
        assert_eq!(others.generation, lost.generation + 1);
        assert!(world.lease_as("host-a", Some("one"), Vec::new()).await.leases.is_empty(), "it is two's now");
        world.runtime.shutdown().await;
    });
}

pub(super) fn what_gates_say_counts_from_whoever_asks_them_now(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare_with_gates().await;
        let rollout = world.start(release).await;
        let request = || LeaseRequest { max: 1, ttl: TTL, ..LeaseRequest::default() };
        let lease =
            async || world.runtime.lease(Performer::Server, request()).await.expect("is given").leases;
        let first = lease().await.remove(0);
        assert_eq!(first.effect.key.rollout, rollout);
        site.pass(&world.clock, TTL);
        let second = lease().await.remove(0);
        assert_eq!(second.generation, first.generation + 1);
        let say = async |lease: &Lease| {
            let (key, id) = (lease.effect.key, world.runtime.new_decision_id());
            let command = Command::Decide { key, id, decision: content(&lease.effect.order) };
            let generation = Some((key, lease.generation));
            let submission = Submission { actor: crate::ACTOR.to_owned(), key: None, command, generation };
            world.runtime.submit(submission).await
        };
        assert!(matches!(say(&first).await, Err(SubmitError::Fenced { .. })), "it has lost the question");
        let said = say(&second).await.expect("it was asked").events;
        assert!(matches!(said[0].body, Body::GateDecided { .. }), "{said:?}");
        world.runtime.shutdown().await;
    });
}

/// What the gates of an order say that are content.
fn content(order: &Order) -> Decision {
    let Order::Gates { release, environment, policies } = order else { panic!("{order:?} asks no gates") };
    let requirement = |policy: &Name| Requirement {
        policy: policy.clone(),
        gate: name("tested"),
        kind: "tests".to_owned(),
        service: None,
        status: Status::Satisfied,
        reasons: Vec::new(),
        evidence: Vec::new(),
        waivers: Vec::new(),
        who: None,
        next: None,
        until: None,
    };
    Decision {
        release: release.clone(),
        environment: environment.clone(),
        policies: policies.clone(),
        facts: Digest::of(b"facts"),
        at: Timestamp::UNIX_EPOCH,
        passes: true,
        requirements: policies.keys().map(requirement).collect(),
    }
}

pub(super) fn generations_survive_reopening(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        let lease = world.lease("host-a", Vec::new()).await.leases.remove(0);
        let world = world.reopen(|| site.open()).await;
        assert!(world.lease("host-a", Vec::new()).await.leases.is_empty(), "it is held across a restart");
        assert_eq!(world.lease("host-a", vec![(lease.effect.key, 1)]).await.renewed, [lease.effect.key]);
        site.pass(&world.clock, TTL);
        let again = world.lease("host-a", Vec::new()).await.leases.remove(0);
        assert_eq!((&again.effect, again.generation), (&lease.effect, 2));
        world.runtime.shutdown().await;
    });
}

pub(super) fn late_reports_are_fenced_and_repeats_are_not_errors(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        world.start(release).await;
        let lease = world.lease("host-a", Vec::new()).await.leases.remove(0);
        let (key, outcome) = (lease.effect.key, success(&lease));
        site.pass(&world.clock, TTL);
        world.lease("host-a", Vec::new()).await;

        let size = world.runtime.head().size;
        let failed = Outcome::Failed { reason: "late".to_owned(), retryable: true, verdict: None };
        for generation in [0, 1, 3] {
            let late = world.report(key, generation, failed.clone()).await;
            assert_eq!(late.expect_err("is not held"), SubmitError::Fenced { current: Some(2) });
        }
        assert_eq!(world.runtime.head().size, size, "nothing happened");

        let receipt = world.report(key, 2, outcome.clone()).await.expect("is held");
        assert!(!receipt.repeated);
        let size = world.runtime.head().size;
        let receipt = world.report(key, 2, outcome).await.expect("is no error");
        assert!(receipt.repeated && receipt.events.is_empty());
        assert_eq!(world.runtime.head().size, size, "nothing happened twice");
        world.runtime.shutdown().await;
    });
}

pub(super) fn waiting_performers_are_told(site: &dyn Site) {
    block_on(async {
        let world = World::fresh(site.open());
        let release = world.declare().await;
        let wait = Duration::from_secs(60);
        let request = LeaseRequest { max: 1, wait, ttl: TTL, ..LeaseRequest::default() };
        let performer = Performer::Agent(name("host-a"));
        let waiting = tokio::spawn({
            let runtime = world.runtime.clone();
            async move { runtime.lease(performer, request).await }
        });
        world.start(release).await;
        let leased = waiting.await.expect("does not panic").expect("is given");
        assert_eq!(leased.leases.len(), 1);

        // Who holds something hears when it is gone.
        let lease = &leased.leases[0];
        let (key, generation) = (lease.effect.key, lease.generation);
        let renew = vec![(key, generation)];
        let request = LeaseRequest { max: 0, wait, ttl: TTL, renew, ..LeaseRequest::default() };
        let holding = tokio::spawn({
            let runtime = world.runtime.clone();
            async move { runtime.lease(Performer::Agent(name("host-a")), request).await }
        });
        world.report(key, generation, success(lease)).await.expect("is held");
        let kept = holding.await.expect("does not panic").expect("is answered");
        assert!(kept.renewed.is_empty());
        world.runtime.shutdown().await;
    });
}
