//! Replicas of the control plane over one PostgreSQL that are killed, stopped and cut off, and the database's own death,
//! all in the middle of rollouts.

use shipway_model::RolloutId;

use super::strategy;
use crate::cluster::Cluster;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended, wait_for};

const HOSTS: [&str; 2] = ["host-a", "host-b"];
/// Each kill may cost the ten seconds for which a dead replica's leases hold.
const KILLS_MAX: usize = 4;
/// Time in which something can happen to those who ship.
const BAKES: &str = "{canary: {steps: [{weight: 20}, {bake: {duration: 2s}}, {weight: 100}]}}";
/// Longer than a second replica takes to start.
const LONG_BAKE: &str = "{canary: {steps: [{weight: 20}, {bake: {duration: 8s}}, {weight: 100}]}}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_its_steps_a_rollout_goes_on() {
    let mut site = Site::of_replicas(2, Cluster::start(), &HOSTS, strategy::CANARY).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.1.0").await;
    let mut n_kills = 0;
    while n_kills < KILLS_MAX && steps_started(&mut site, id, n_kills + 1).await {
        site.restart_replica(n_kills % 2).await;
        n_kills += 1;
    }
    assert_eq!(n_kills, KILLS_MAX, "it was met by the kills");
    assert_ended(&site.ended(id).await, "succeeded");
    site.conclude(id, "1.1.0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_and_continued_a_replica_does_nothing_twice() {
    let mut site = Site::of_replicas(2, Cluster::start(), &HOSTS, LONG_BAKE).await;
    site.ship("1.0.0").await;
    let id = begun_by_the_first(&mut site, "1.1.0").await;
    site.fleet().stop(0);
    assert_ended(&site.ended(id).await, "succeeded");
    site.fleet().go_on(0);
    wait_for("the replica is ready again", async || site.fleet().is_ready(0).await).await;
    site.conclude(id, "1.1.0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_from_the_database_a_replica_says_so_and_the_others_go_on() {
    let mut site = Site::of_replicas(2, Cluster::start(), &HOSTS, LONG_BAKE).await;
    site.ship("1.0.0").await;
    let id = begun_by_the_first(&mut site, "1.1.0").await;
    site.fleet().cut_off(0);
    wait_for("the replica says so", async || !site.fleet().is_ready(0).await).await;
    assert_ended(&site.ended(id).await, "succeeded");
    site.fleet().reconnect(0);
    wait_for("the replica is ready again", async || site.fleet().is_ready(0).await).await;
    site.conclude(id, "1.1.0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_standby_that_takes_over_nothing_acknowledged_is_lost() {
    let mut site = Site::of_replicas(2, Cluster::start(), &HOSTS, BAKES).await;
    let standby = site.fleet().cluster.stand_by().await;
    let hosts = format!("{},{}", site.fleet().cluster.host(), standby.host());
    site.fleet().reach_at(&format!("postgres://shipway@{hosts}/postgres?target_session_attrs=read-write"));
    for idx in 0..2 {
        site.restart_replica(idx).await;
    }
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.1.0").await;
    is_baking(&mut site, id).await;
    // All of this was acknowledged and must be there to the end.
    site.look().await;
    site.fleet().cluster.crash();
    standby.promote();
    assert_ended(&site.ended(id).await, "succeeded");
    site.conclude(id, "1.1.0").await;
    // Those who are connected to it end before it does.
    drop(site);
    drop(standby);
}

/// Waits until so many steps of the rollout have started; false when it ends before.
async fn steps_started(site: &mut Site, id: RolloutId, n_steps: usize) -> bool {
    loop {
        site.look().await;
        let of_rollout = |kind| {
            let of_kind = site.witness.of_kind(kind);
            of_kind.filter(|it| it.event["data"]["id"] == id.to_string()).count()
        };
        if of_rollout("step.started") >= n_steps {
            return true;
        }
        if of_rollout("rollout.ended") > 0 {
            return false;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Ships a version up to a bake, which the first replica began alone, and then starts the second one.
async fn begun_by_the_first(site: &mut Site, version: &str) -> RolloutId {
    site.release(version, Behaviour::GOOD).await;
    site.fleet().kill(1);
    let id = site.start_rollout(version).await;
    is_baking(site, id).await;
    site.restart_replica(1).await;
    id
}

async fn is_baking(site: &mut Site, id: RolloutId) {
    let baking = |it: &shipway_api::view::rollout::RolloutView| {
        it.steps.iter().any(|it| it.action == "bake" && it.state.word() == "running")
    };
    site.until(id, "baking", baking).await;
}
