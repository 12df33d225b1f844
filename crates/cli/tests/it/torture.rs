//! The whole product under random violence: rollouts one after the other, while processes are killed, stand still and are
//! cut off at any moment. Afterwards it holds, by what the agents noted themselves and by the ledger, that nothing was done
//! twice, nothing acknowledged is lost, what runs is what is known, and a release can be shipped.
//!
//! `cargo xtask torture --minutes M --seed N --store sqlite|postgres` runs it for as long as wanted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use shipway_api::view::ledger::LedgerEvent;

use crate::cluster::Cluster;
use crate::site::service::Behaviour;
use crate::site::{HURRIED, PATIENT, Site, assert_ended};
use journals::Chronicle;
use load::Load;
use random::Random;
use violence::Violence;

mod journals;
mod load;
mod random;
mod violence;

const HOSTS: [&str; 2] = ["host-a", "host-b"];
const REPLICAS: usize = 3;
/// Unless `SHIPWAY_TORTURE_SECONDS` says otherwise. On a slow machine it goes on until something has happened.
const LASTS: Duration = Duration::from_secs(20);
/// Nothing that is waited for takes this long.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at what is to be hurt and healed.
const TICK: Duration = Duration::from_millis(50);
/// A look at the ledger while nobody may be there to answer.
const GLANCE: Duration = Duration::from_secs(1);
const CANARY: &str = "{canary: {watch: {}, steps: [{weight: 20}, {bake: {duration: 500ms}}, {weight: 60}, \
                      {pause: {duration: 300ms}}]}}";
const ROLLING: &str = "{rolling: {maxSurge: 1, bake: 300ms, watch: {}}}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let seed = random::seed();
    torture(Site::start(&HOSTS, CANARY).await, seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let seed = random::seed();
    torture(Site::of_replicas(REPLICAS, Cluster::start(), &HOSTS, ROLLING).await, seed).await;
}

async fn torture(mut site: Site, seed: u64) {
    println!("torture with seed {seed}");
    let lasts = seconds("SHIPWAY_TORTURE_SECONDS").map_or(LASTS, Duration::from_secs);
    site.declare_with(load::GATED, load::PIPELINE).await;
    site.declare_limits(HURRIED).await;
    load::release(&site).await;
    let mut chronicle = Chronicle::default();
    let mut violence = Violence::new(Random::new(seed));
    let load = Load::start(site.client(), Random::new(seed ^ u64::MAX));
    let began = Instant::now();
    while began.elapsed() < lasts || !Sight::of(&site, &load, &violence).is_enough() {
        let seen = Sight::of(&site, &load, &violence);
        assert!(began.elapsed() < lasts + PATIENCE, "little happens: {seen:?}, {:?}", violence.counts);
        violence.go_on(&mut site, &mut chronicle).await;
        glance(&mut site).await;
        tokio::time::sleep(TICK).await;
    }
    violence.heal_all(&mut site).await;
    let shipped = load.end().await;
    println!("seed {seed}: {shipped:?}, {:?}, {} events", violence.counts, site.witness.size());

    // What stands now is something to go on from.
    site.declare_limits(PATIENT).await;
    site.release("9.0.0", Behaviour::GOOD).await;
    load::prove(&site.client(), "9.0.0").await.expect("it is evidence");
    let id = site.start_rollout("9.0.0").await;
    assert_ended(&site.ended(id).await, "succeeded");
    site.assert_only_runs(id, "9.0.0").await;
    let ended = Instant::now();
    while under_way(&site).1 == 0 {
        assert!(ended.elapsed() < PATIENCE, "what has succeeded is not watched");
        tokio::time::sleep(TICK).await;
        site.look().await;
    }
    site.assert_nothing_lost().await;
    HOSTS.iter().for_each(|host| chronicle.read(site.path(), host));
    chronicle.assert_agrees_with(&site.witness);
    let (n_decided, n_watched) = under_way(&site);
    println!("seed {seed}: gates were asked {n_decided} times, {n_watched} watches began");
    assert!(n_decided > 0, "version 9.0.0 at least went through its gates");
    let (n_begun, n_events) = (chronicle.n_begun(), site.witness.size());
    println!(
        "seed {seed}: sound; agents began {n_begun} effects, each once; all of {n_events} events are there and verify"
    );
}

/// What has happened so far.
#[derive(Debug)]
struct Sight {
    n_ended: u32,
    n_wounds: u32,
    n_reported: usize,
}

impl Sight {
    fn of(site: &Site, load: &Load, violence: &Violence) -> Self {
        let n_reported = journals::reported(&site.witness).count();
        Self { n_ended: load.n_ended(), n_wounds: violence.n_wounds(), n_reported }
    }

    /// So much that what is found to hold has been in danger.
    const fn is_enough(&self) -> bool {
        self.n_ended > 2 && self.n_wounds > 5 && self.n_reported > 5
    }
}

/// How often gates have answered, and how many watches over what had ended have begun.
fn under_way(site: &Site) -> (usize, usize) {
    let watches: Vec<_> = site.witness.of_kind("rollout.queued").filter_map(watch_of).collect();
    let began = |it: &&LedgerEvent| {
        let data = &it.event["data"];
        watches.iter().any(|(id, step)| data["id"] == *id && data["step"] == *step)
    };
    (site.witness.of_kind("gate.decided").count(), site.witness.of_kind("step.started").filter(began).count())
}

/// The rollout, and its plan's step that watches.
fn watch_of(queued: &LedgerEvent) -> Option<(Value, Value)> {
    let data = &queued.event["data"];
    let steps = data["plan"]["steps"].as_array()?;
    let watch = steps.iter().find(|it| it["action"]["do"] == "watch")?;
    Some((data["id"].clone(), watch["id"].clone()))
}

/// Reads the ledger's news, if somebody gives them now.
async fn glance(site: &mut Site) {
    let client = site.client();
    match tokio::time::timeout(GLANCE, site.witness.look(&client)).await {
        Ok(Err(error)) if !error.is_transient() => panic!("the ledger cannot be read: {error}"),
        Ok(_) | Err(_) => {}
    }
}

fn seconds(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|it| it.parse().expect("a number"))
}

/// How often each thing happened.
type Counts = BTreeMap<&'static str, u32>;
