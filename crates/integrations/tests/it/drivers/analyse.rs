//! Analyses of real traffic through the real router, by a judge that is simple enough to be steered by it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::{Value, json};
use shipway_engine::{Phase, Rollout};
use shipway_integrations::router::Router;
use shipway_model::Millis;
use shipway_model::RolloutId;
use shipway_model::analysis::{Block, Decision, Verdict};
use shipway_model::effect::{Outcome, Success};
use shipway_model::resource::strategy::Analysis;
use shipway_runtime::driver::{Assessment, Judging};

use super::server::{Server, text};
use super::world::{
    World, any_port, failure, free_address, get, routed, start_router, step, traffic, wait_until,
};

/// Every failure of the canary is harm, and enough requests without one are health.
pub(super) struct Simple {
    requests_needed: u64,
    blocks: Vec<Block>,
    /// Never finds health.
    doubts: bool,
}

impl Judging for Simple {
    fn take(&mut self, block: &Block) {
        self.blocks.push(block.clone());
    }

    fn assess(&self) -> Assessment {
        let sum = |of: fn(&Block) -> u64| self.blocks.iter().map(of).sum::<u64>();
        let (requests, errors) = (sum(|it| it.canary.requests), sum(|it| it.canary.errors));
        let decision = match (requests, errors) {
            (0, _) => Decision::NoVerdict,
            (_, 0) if requests >= self.requests_needed && !self.doubts => Decision::Healthy,
            (_, 0) => Decision::Undecided,
            _ => Decision::Harmful,
        };
        let verdict = Verdict {
            decision,
            decided_at: self.blocks.last().map_or(Millis::ZERO, |it| it.start.saturating_add(it.length)),
            canary_requests: requests,
            canary_errors: errors,
            metrics: Vec::new(),
            reasons: vec![format!("{errors} of {requests} requests failed")],
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
        };
        Assessment { verdict, is_final: decision == Decision::Harmful }
    }
}

pub(super) fn judge(rule: &Analysis) -> Result<Box<dyn Judging>, String> {
    Ok(Box::new(Simple { requests_needed: rule.requests, blocks: Vec::new(), doubts: false }))
}

fn doubt(rule: &Analysis) -> Result<Box<dyn Judging>, String> {
    Ok(Box::new(Simple { requests_needed: rule.requests, blocks: Vec::new(), doubts: true }))
}

struct Scene {
    world: World,
    router: Router,
    listen: SocketAddr,
    old: Server,
    new: Server,
    /// The rollout of 1.1.0.
    id: RolloutId,
    state_file: tempfile::TempDir,
}

/// 1.0.0 is shipped, and 1.1.0 is about to be judged at half of the traffic.
async fn scene(canary_status: u16, analysis: Value, judge: shipway_runtime::driver::Judge) -> Scene {
    let old = Server::start(|_| Some(text(200, "old"))).await;
    let new = Server::start(move |_| Some(text(canary_status, "new"))).await;
    let state_file = tempfile::tempdir().unwrap();
    let path = state_file.path().join("routes.json");
    let (router, listen) =
        (start_router(any_port(), |it| it.state_file = Some(path)).await, free_address().await);
    let steps = json!([{"weight": 50}, {"analysis": analysis}]);
    let mut setting = routed(router.admin_address(), listen, json!({"canary": {"steps": steps}}));
    setting.instances = [("1.0.0", old.address), ("1.1.0", new.address)].into();
    setting.judge = judge;
    let world = World::start(setting).await;
    world.ship_well("1.0.0").await;
    let id = world.ship("1.1.0").await;
    Scene { world, router, listen, old, new, id, state_file }
}

impl Scene {
    async fn outcome(&self) -> Outcome {
        self.world.outcome(self.id, "analyse").await
    }

    /// The blocks that were recorded, once there are `count`.
    async fn blocks(&self, count: usize) -> Vec<Block> {
        let look =
            |it: &Rollout| (it.step(step(it, "analyse")?)?.track.n_blocks >= count as u64).then_some(());
        self.world.wait(self.id, look).await;
        self.world.blocks(self.id, "analyse").await
    }

    fn log(&self) -> String {
        self.world.log(self.id, "analyse")
    }
}

fn check_order(blocks: &[Block]) {
    for pair in blocks.windows(2) {
        let end = pair[0].start.saturating_add(pair[0].length);
        assert!(pair[0].length > Millis::ZERO && pair[1].start >= end, "{pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harmful_version_fails_with_the_verdict() {
    let rule = json!({"interval": "100ms", "timeout": "1m"});
    let scene = scene(500, rule, judge).await;
    let _traffic = traffic(scene.listen);
    let outcome = scene.outcome().await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.starts_with("the new version is harmful; ") && !retryable, "{reason}");
    let Outcome::Failed { verdict: Some(verdict), .. } = &outcome else { panic!("{outcome:?}") };
    // The router counts a request and its error one after the other: a block may end in between.
    assert!(verdict.decision == Decision::Harmful && verdict.canary_errors > 0, "{verdict:?}");
    let blocks = scene.blocks(1).await;
    check_order(&blocks);
    assert!(scene.log().contains("Harmful, because"), "{}", scene.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_version_goes_on_when_bake_and_requests_are_reached() {
    let rule = json!({"interval": "100ms", "timeout": "1m", "bake": "500ms", "requests": 10});
    let scene = scene(200, rule, judge).await;
    let _traffic = traffic(scene.listen);
    let outcome = scene.outcome().await;
    let Outcome::Succeeded { result: Success::Judged { verdict } } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(verdict.decision, Decision::Healthy);
    let blocks = scene.blocks(1).await;
    check_order(&blocks);
    let last = blocks.last().unwrap();
    assert!(last.start.saturating_add(last.length) >= Millis(400), "it was not baked: {last:?}");
    let (seen, asked) =
        (blocks.iter().map(|it| it.canary.requests).sum::<u64>(), scene.new.asked().len() as u64);
    assert!(10 <= seen && seen <= asked, "{seen} of {asked} were counted");
    let of_old = blocks.iter().map(|it| it.control.requests).sum::<u64>();
    assert!(0 < of_old && of_old <= scene.old.asked().len() as u64, "{of_old}");
    for arm in blocks.iter().flat_map(|it| [&it.control, &it.canary]).filter(|it| it.requests > 0) {
        assert_eq!(arm.latency.counts.iter().sum::<u64>(), arm.requests);
        assert_eq!(arm.latency.counts.len(), arm.latency.bounds_ms.len() + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doubt_is_settled_by_the_rule_when_time_is_up() {
    for (on_undecided, expect) in
        [("promote", None), ("hold", Some("undecided: ")), ("rollback", Some("not shown"))]
    {
        let rule =
            json!({"interval": "100ms", "timeout": "400ms", "requests": 1, "onUndecided": on_undecided});
        let scene = scene(200, rule, doubt).await;
        let _traffic = traffic(scene.listen);
        let outcome = scene.outcome().await;
        match expect {
            Some(beginning) => {
                let (reason, retryable) = failure(&outcome);
                assert!(reason.starts_with(beginning) && !retryable, "{reason}");
                let is_held = |it: &Rollout| match &it.phase {
                    Phase::Running => None,
                    phase => Some(matches!(phase, Phase::Halted { .. })),
                };
                assert_eq!(scene.world.wait(scene.id, is_held).await, on_undecided == "hold");
            }
            None => {
                let Outcome::Succeeded { result: Success::Judged { verdict } } = &outcome else {
                    panic!("{outcome:?}")
                };
                assert_eq!(verdict.decision, Decision::Undecided);
                assert!(verdict.reasons[0].contains("the rule is to go on"), "{verdict:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_no_health() {
    let rule = json!({"interval": "100ms", "timeout": "300ms", "requests": 0, "onUndecided": "promote"});
    let scene = scene(200, rule, judge).await;
    let outcome = scene.outcome().await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.starts_with("no verdict: ") && !retryable, "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_cannot_be_read_are_no_health() {
    let rule = json!({"interval": "100ms", "timeout": "400ms", "onUndecided": "promote"});
    let scene = scene(200, rule, judge).await;
    scene.world.wait_for_log(scene.id, "analyse", "compares 1.1.0 with 1.0.0").await;
    scene.router.shutdown().await;
    let outcome = scene.world.outcome(scene.id, "analyse").await;
    assert!(failure(&outcome).0.starts_with("no verdict: "), "{outcome:?}");
    let log = scene.world.log(scene.id, "analyse");
    assert!(log.contains("the router's metrics cannot be read: "), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_goes_on_where_it_was() {
    let rule = json!({"interval": "100ms", "timeout": "1m", "requests": 1_000_000});
    let mut scene = scene(200, rule, judge).await;
    let before = scene.blocks(2).await;
    scene.world.stop_worker().await;
    let recorded = scene.blocks(0).await;
    assert!(recorded.len() >= before.len());
    // What is answered while nobody looks belongs to no block.
    for _ in 0..20 {
        get(scene.listen, "/").await.expect("the router answers");
    }
    scene.world.start_worker();
    let after = scene.blocks(recorded.len() + 2).await;
    assert_eq!(after[..recorded.len()], recorded);
    check_order(&after);
    assert_eq!(after.iter().map(|it| it.canary.requests).sum::<u64>(), 0);
    assert!(scene.log().contains(&format!("goes on after {} blocks", recorded.len())), "{}", scene.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_that_restarts_costs_a_block_and_no_more() {
    let rule = json!({"interval": "100ms", "timeout": "1m", "requests": 1_000_000});
    let scene = scene(200, rule, judge).await;
    let asking = traffic(scene.listen);
    let counted = async || {
        let blocks = scene.blocks(0).await;
        let both = |it: &Block| it.canary.requests > 0 && it.control.requests > 0;
        blocks.iter().any(both)
    };
    wait_until("both versions are counted", counted).await;
    drop(asking);
    let admin = scene.router.admin_address();
    scene.router.shutdown().await;
    let path = scene.state_file.path().join("routes.json");
    let _router = start_router(admin, |it| it.state_file = Some(path)).await;
    scene
        .world
        .wait_for_log(scene.id, "analyse", "the router's counters began anew: a block is left out")
        .await;
    let before = scene.world.blocks(scene.id, "analyse").await;
    for _ in 0..8 {
        get(scene.listen, "/").await.expect("the router answers");
    }
    let sum =
        |blocks: &[Block]| blocks.iter().map(|it| it.canary.requests + it.control.requests).sum::<u64>();
    wait_until("all are counted", async || {
        sum(&scene.world.blocks(scene.id, "analyse").await) >= sum(&before) + 8
    })
    .await;
    let after = scene.world.blocks(scene.id, "analyse").await;
    assert_eq!(sum(&after), sum(&before) + 8, "nothing is counted twice");
    check_order(&after);
}

/// 1.1.0 is judged while a critical journey leads through it, which passes once `opens` is there.
#[tokio::test(flavor = "multi_thread")]
async fn health_waits_for_every_critical_journey() {
    let is_open = Arc::new(AtomicBool::new(false));
    let opens = is_open.clone();
    let old = Server::start(|_| Some(text(200, "old"))).await;
    let new = Server::start(move |request| {
        let is_journey = request.uri().path() == "/buy";
        Some(text(if is_journey && !opens.load(Relaxed) { 404 } else { 200 }, "new"))
    })
    .await;
    let (router, listen) = (start_router(any_port(), |_| {}).await, free_address().await);
    let rule = json!({"interval": "100ms", "timeout": "1m", "requests": 5});
    let steps = json!([{"weight": 50}, {"analysis": rule}]);
    let mut setting = routed(router.admin_address(), listen, json!({"canary": {"steps": steps}}));
    setting.instances = [("1.0.0", old.address), ("1.1.0", new.address)].into();
    setting.judge = judge;
    let buy = json!({"service": "web", "critical": true, "steps": [{"name": "buy", "path": "/buy"}]});
    setting.resources.push(("Journey", "buy", buy));
    let world = World::start(setting).await;
    world.ship_well("1.0.0").await;
    let id = world.ship("1.1.0").await;
    let _traffic = traffic(listen);
    let waits = |it: &Rollout| {
        let verdict = it.step(step(it, "analyse")?)?.track.verdict.clone()?;
        verdict.reasons[0].contains("journey buy has not passed through 1.1.0: step `buy`").then_some(verdict)
    };
    assert_eq!(world.wait(id, waits).await.decision, Decision::Undecided);
    is_open.store(true, Relaxed);
    let outcome = world.outcome(id, "analyse").await;
    let Outcome::Succeeded { result: Success::Judged { verdict } } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(verdict.decision, Decision::Healthy);
    assert!(world.log(id, "analyse").contains("journey buy passed through 1.1.0"));
    let versions = new.asked().into_iter().filter(|it| it.uri().path() == "/buy");
    assert!(versions.count() >= 2 && old.asked().iter().all(|it| it.uri().path() != "/buy"));
}
