//! Watches after the end of rollouts, of real traffic against a written past.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shipway_engine::Rollout;
use shipway_integrations::history::{History, Recorder};
use shipway_integrations::router::Router;
use shipway_model::RolloutId;
use shipway_model::analysis::Decision;
use shipway_model::effect::{Outcome, Success};
use shipway_model::event::{Cause, End};

use super::analyse::judge;
use super::server::{Server, text};
use super::world::{World, any_port, free_address, get, routed, start_router, step, traffic, wait_until};

struct Scene {
    world: World,
    _router: Router,
    listen: SocketAddr,
    /// The rollout of 1.1.0.
    id: RolloutId,
    folder: tempfile::TempDir,
}

/// 1.0.0 was replaced by 1.1.0, which is watched.
async fn scene(status: u16, watch: Value) -> Scene {
    let old = Server::start(|_| Some(text(200, "old"))).await;
    let new = Server::start(move |_| Some(text(status, "new"))).await;
    let (router, listen) = (start_router(any_port(), |_| {}).await, free_address().await);
    let strategy = json!({"rolling": {"watch": watch}});
    let mut setting = routed(router.admin_address(), listen, strategy);
    setting.instances = [("1.0.0", old.address), ("1.1.0", new.address)].into();
    setting.judge = judge;
    let folder = tempfile::tempdir().unwrap();
    write_past(folder.path());
    setting.history = Some(History::kept_in(folder.path()));
    let world = World::start(setting).await;
    world.ship_well("1.0.0").await;
    let id = world.ship("1.1.0").await;
    // Its servers live as long as the world's agent knows them.
    tokio::spawn(async move {
        let _servers = (old, new);
        std::future::pending::<()>().await;
    });
    Scene { world, _router: router, listen, id, folder }
}

/// What 1.0.0 answered a day ago, for some minutes around this one.
fn write_past(folder: &Path) {
    let day_ago = now() - SignedDuration::from_hours(24);
    let folder = folder.join("prod/web");
    fs::create_dir_all(&folder).unwrap();
    for second in -60..600 {
        let end = day_ago + SignedDuration::from_secs(second);
        let line = json!({"t": end.as_millisecond(), "version": "1.0.0", "requests": 100, "errors": 1});
        let path = folder.join(format!("{}.jsonl", end.strftime("%F")));
        let mut before = fs::read_to_string(&path).unwrap_or_default();
        before += &format!("{line}\n");
        fs::write(path, before).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the past is that of the world outside")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn watch() -> Value {
    json!({"interval": "200ms", "periods": ["1d"], "window": "10m", "duration": "10m"})
}

#[tokio::test(flavor = "multi_thread")]
async fn harm_after_the_end_takes_the_rollout_back() {
    let scene = scene(500, watch()).await;
    let ended = |it: &Rollout| it.has_ended().then(|| it.cause.clone());
    assert_eq!(scene.world.wait(scene.id, ended).await, None, "it ended well first");
    let _traffic = traffic(scene.listen);
    let outcome = scene.world.outcome(scene.id, "watch").await;
    let Outcome::Failed { reason, verdict: Some(verdict), .. } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("it became worse after the rollout; "), "{reason}");
    assert_eq!(verdict.decision, Decision::Harmful);
    let is_back = |it: &Rollout| (it.has_ended() && it.cause.is_some()).then(|| it.clone());
    let rollout = scene.world.wait(scene.id, is_back).await;
    assert!(
        matches!(rollout.cause, Some(Cause::StepFailed { step: it, .. }) if Some(it) == step(&rollout, "watch"))
    );
    wait_until("the old version answers", async || {
        get(scene.listen, "/").await == Some((200, "old".to_owned()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_compares_with_the_past_and_goes_on_after_a_restart() {
    let mut scene = scene(200, watch()).await;
    let _traffic = traffic(scene.listen);
    let blocks = async |world: &World, count: u64| {
        let look = |it: &Rollout| (it.step(step(it, "watch")?)?.track.n_blocks >= count).then_some(());
        world.wait(scene.id, look).await;
        world.blocks(scene.id, "watch").await
    };
    // A stretch of 200 ms may lie between two lines.
    let of_past = async || {
        let seen = blocks(&scene.world, 1).await;
        seen.iter().any(|it| {
            it.control.instances.get("1d ago").is_some_and(|it| it.requests == 100 && it.errors == 1)
        })
    };
    wait_until("the past is read", of_past).await;
    let recorded = blocks(&scene.world, 1).await;
    assert!(recorded.iter().any(|it| it.canary.requests > 0));
    assert!(recorded.iter().all(|it| it.control.requests.is_multiple_of(100)), "{recorded:?}");
    scene.world.stop_worker().await;
    let n_recorded = scene.world.blocks(scene.id, "watch").await.len() as u64;
    scene.world.start_worker();
    blocks(&scene.world, n_recorded + 2).await;
    let log = scene.world.log(scene.id, "watch");
    assert!(log.contains(&format!("goes on after {n_recorded} blocks")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_without_harm_ends_by_its_time() {
    let rule = json!({"interval": "100ms", "periods": ["1d"], "window": "500ms", "duration": "2s"});
    let scene = scene(200, rule).await;
    let _traffic = traffic(scene.listen);
    let outcome = scene.world.outcome(scene.id, "watch").await;
    let Outcome::Succeeded { result: Success::Judged { verdict } } = &outcome else { panic!("{outcome:?}") };
    assert!(verdict.reasons[0].starts_with("watched for 2s"), "{verdict:?}");
    let phase = scene.world.wait(scene.id, |it| Some(it.phase.clone())).await;
    assert_eq!(phase, shipway_engine::Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_router_counts_is_recorded() {
    let scene = scene(200, watch()).await;
    let folder = scene.folder.path().join("recorded");
    let recorder = Recorder::start(scene.world.runtime.clone(), History::kept_in(&folder));
    let _traffic = traffic(scene.listen);
    let of_today = folder.join(format!("prod/web/{}.jsonl", now().strftime("%F")));
    wait_until("a stretch is recorded", async || {
        fs::read_to_string(&of_today).is_ok_and(|it| it.contains("\"version\":\"1.1.0\""))
    })
    .await;
    recorder.stop().await;
    let text = fs::read_to_string(of_today).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert!(first["requests"].as_u64().unwrap() > 0 && first["bounds_ms"].is_array(), "{first}");
}
