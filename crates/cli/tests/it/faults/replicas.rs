//! Replicas of the control plane over one PostgreSQL that are killed, stopped and cut off, and the database's own death,
//! all in the middle of rollouts.

use shipway_api::Client;
use shipway_api::operations::ledger::ShowLedgerHead;
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_model::RolloutId;
use shipway_model::event::Role;

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

/// What a standby for which nobody waited had not heard of is lost. Whoever has seen it says so and does nothing on top of
/// it; whoever starts again goes on from what is there, and a checkpoint kept elsewhere shows what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_standby_that_lags_the_loss_is_noticed() {
    let mut site = Site::of_replicas(2, Cluster::start(), &[], strategy::ROLLING).await;
    let standby = site.fleet().cluster.stand_by_later();
    let hosts = format!("{},{}", site.fleet().cluster.host(), standby.host());
    site.fleet().reach_at(&format!("postgres://shipway@{hosts}/postgres?target_session_attrs=read-write"));
    for idx in 0..2 {
        site.restart_replica(idx).await;
    }
    site.agent_token("host-a").await;
    standby.fall_behind().await;
    // Acknowledged, shown by both, and known to nobody else.
    site.agent_token("host-b").await;
    site.agent_token("host-c").await;
    let both = |site: &mut Site| [0, 1].map(|idx| site.fleet().url(idx));
    let urls = both(&mut site);
    let mut sizes = Vec::new();
    for url in &urls {
        let client = Client::new(url, site.token().to_owned()).expect("a valid address");
        sizes.push(client.call::<ShowLedgerHead>((), (), ()).await.expect("an answer").value.size);
    }
    assert_eq!(sizes[0], sizes[1]);
    let kept = site.shipway(&["ledger", "head", "-o", "json"]);
    assert_eq!(kept.code, 0, "{}", kept.err);
    std::fs::write(site.path().join("kept.json"), &kept.out).expect("it can be written");

    site.fleet().cluster.crash();
    standby.promote();
    for url in &urls {
        let says = async || says_of_readiness(url).await;
        let lost = "the store has lost 2 events that were shown";
        wait_for("the loss is told", async || says().await.contains(lost)).await;
        let client = Client::new(url, site.token().to_owned()).expect("a valid address");
        let new = NewToken { name: "host-d".to_owned(), role: Role::Agent, expires: None, scope: None };
        client.call::<IssueToken>((), (), new).await.expect_err("nothing is done on top of what is lost");
    }
    // One starts again, and comes as far as the other had been, by another way.
    site.restart_replica(0).await;
    let client = Client::new(&urls[0], site.token().to_owned()).expect("a valid address");
    for host in ["host-d", "host-e"] {
        let new = NewToken { name: host.to_owned(), role: Role::Agent, expires: None, scope: None };
        client.call::<IssueToken>((), (), new).await.expect("it goes on from what is there");
    }
    let size = client.call::<ShowLedgerHead>((), (), ()).await.expect("an answer").value.size;
    assert_eq!(size, sizes[0]);
    let forked = format!("the store has other events than were shown, of {size}");
    wait_for("the fork is told", async || says_of_readiness(&urls[1]).await.contains(&forked)).await;

    site.restart_replica(1).await;
    let key = site.data().join("checkpoint.pub").display().to_string();
    let sound = site.shipway(&["ledger", "verify", "--key", &key]);
    assert_eq!(sound.code, 0, "{}", sound.err);
    let compared = site.shipway(&["ledger", "verify", "--key", &key, "--checkpoint", "kept.json"]);
    assert_ne!(compared.code, 0, "{}", compared.out);
    // Those who are connected to it end before it does.
    drop(site);
    drop(standby);
}

async fn says_of_readiness(url: &str) -> String {
    match reqwest::get(format!("{url}/readyz")).await {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(error) => error.to_string(),
    }
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
