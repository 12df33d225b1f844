//! The control plane's own performer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shipway_model::effect::{Order, Outcome, Success};
use shipway_model::event::{Body, End, Event};
use shipway_model::resource::strategy::Analysis;
use shipway_runtime::driver::{BoxFuture, Driver, Judging, LogSink, Task};
use shipway_runtime::log_store::LogStore;
use shipway_runtime::memory::MemoryDisk;
use shipway_runtime::suite::{FaultyStore, Switch, World};
use shipway_runtime::worker::{self, Tools};
use tokio::sync::Notify;

/// What a driver does with the call it is given.
#[derive(Clone, Copy)]
enum Manner {
    Succeeds,
    Panics,
    /// Until it is called off.
    Hangs,
}

struct Calls {
    manner: Manner,
    n_calls: AtomicUsize,
    called: Notify,
    called_off: Arc<Notify>,
}

impl Driver for Calls {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Http { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.n_calls.fetch_add(1, Ordering::SeqCst);
            task.log.line("calling");
            self.called.notify_one();
            match self.manner {
                Manner::Succeeds => {}
                Manner::Panics => panic!("a driver's bug"),
                Manner::Hangs => {
                    task.cancelled.cancelled().await;
                    self.called_off.notify_one();
                }
            }
            Outcome::Succeeded { result: Success::Completed { summary: "called".to_owned() } }
        })
    }
}

struct Stage {
    world: World,
    driver: Arc<Calls>,
    logs: Arc<LogStore>,
    _folder: tempfile::TempDir,
    switch: Switch,
}

impl Stage {
    /// A world whose environment's pipeline makes one call from the control plane.
    async fn new(manner: Manner) -> (Self, shipway_model::ReleaseId) {
        let switch = Switch::default();
        let store = FaultyStore { store: Box::new(MemoryDisk::default().open()), switch: switch.clone() };
        let world = World::fresh(Box::new(store));
        let release = world.declare_with_call().await;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let logs = Arc::new(LogStore::open(folder.path()).expect("opens"));
        let driver = Arc::new(Calls {
            manner,
            n_calls: AtomicUsize::new(0),
            called: Notify::new(),
            called_off: Arc::default(),
        });
        (Self { world, driver, logs, _folder: folder, switch }, release)
    }

    fn work(&self) -> worker::Worker {
        let drivers: Vec<Arc<dyn Driver>> = vec![self.driver.clone()];
        let tools = Tools { drivers, judge: no_judge, logs: self.logs.clone() };
        worker::start(self.world.runtime.clone(), tools)
    }

    /// The first event that fits, as soon as it is there.
    async fn event<T>(&self, mut fits: impl FnMut(&Event) -> Option<T>) -> T {
        let mut size = self.world.runtime.subscribe();
        let mut from = 0;
        loop {
            for record in self.world.runtime.records(from, 1000).await.expect("reads") {
                from = record.position + 1;
                let event = serde_json::from_slice(&record.bytes).expect("is an event");
                if let Some(found) = fits(&event) {
                    return found;
                }
            }
            let grown = size.wait_for(|it| *it > from);
            let grown = tokio::time::timeout(std::time::Duration::from_secs(30), grown).await;
            grown.expect("it happens in time").expect("the runtime is there");
        }
    }
}

fn no_judge(_: &Analysis) -> Result<Box<dyn Judging>, String> {
    unreachable!("nothing is judged here")
}

fn ended(event: &Event) -> Option<Outcome> {
    match &event.body {
        Body::StepEnded { outcome, .. } => Some(outcome.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn performs_logs_and_reports() {
    let (stage, release) = Stage::new(Manner::Succeeds).await;
    let worker = stage.work();
    stage.world.start(release).await;
    let end = stage.event(|it| match &it.body {
        Body::RolloutEnded { end, .. } => Some(end.clone()),
        _ => None,
    });
    assert_eq!(end.await, End::Succeeded { failed_targets: 0 });
    assert_eq!(stage.driver.n_calls.load(Ordering::SeqCst), 1);
    let key = stage.event(|it| match &it.body {
        Body::StepEnded { id, step, direction, attempt, .. } => Some(shipway_model::effect::EffectKey {
            rollout: *id,
            step: *step,
            direction: *direction,
            attempt: *attempt,
        }),
        _ => None,
    });
    assert_eq!(stage.logs.read(&key.await, 0, 100).expect("reads"), b"calling\n");
    worker.stop().await;
}

#[tokio::test]
async fn a_driver_that_panics_fails_its_step_alone() {
    let (stage, release) = Stage::new(Manner::Panics).await;
    let worker = stage.work();
    stage.world.start(release).await;
    let outcome = stage.event(ended).await;
    assert!(matches!(outcome, Outcome::Failed { retryable: false, .. }), "{outcome:?}");
    worker.stop().await;
}

#[tokio::test]
async fn orders_that_no_driver_performs_fail() {
    let (stage, release) = Stage::new(Manner::Succeeds).await;
    let tools = Tools { drivers: Vec::new(), judge: no_judge, logs: stage.logs.clone() };
    let worker = worker::start(stage.world.runtime.clone(), tools);
    stage.world.start(release).await;
    let outcome = stage.event(ended).await;
    assert!(matches!(outcome, Outcome::Failed { retryable: false, .. }), "{outcome:?}");
    worker.stop().await;
}

#[tokio::test]
async fn what_is_lost_is_called_off() {
    let (stage, release) = Stage::new(Manner::Hangs).await;
    let worker = stage.work();
    stage.world.start(release).await;
    stage.driver.called.notified().await;
    // The step's time is up: the engine gives up on the attempt, and so the effect is not wanted any more.
    stage.world.clock.advance(std::time::Duration::from_secs(3600));
    let called_off = stage.driver.called_off.notified();
    tokio::time::timeout(std::time::Duration::from_secs(30), called_off).await.expect("it is called off");
    worker.stop().await;
}

#[tokio::test]
async fn a_report_waits_until_the_ledger_takes_it() {
    let (stage, release) = Stage::new(Manner::Succeeds).await;
    stage.world.start(release).await;
    let worker = stage.work();
    stage.driver.called.notified().await;
    stage.switch.set(true);
    // Some later report or lease is refused meanwhile; when the disk has room again, the rollout goes on.
    let refused = stage.world.submit(shipway_engine::Command::PauseScope {
        scope: shipway_model::event::Scope::Everything,
        reason: "a test".to_owned(),
    });
    let _ = refused.await;
    stage.switch.set(false);
    let outcome = stage.event(ended).await;
    assert!(matches!(outcome, Outcome::Succeeded { .. }), "{outcome:?}");
    worker.stop().await;
}

#[tokio::test]
async fn stopping_leaves_the_effect_to_the_next_worker() {
    let (stage, release) = Stage::new(Manner::Hangs).await;
    let worker = stage.work();
    stage.world.start(release).await;
    stage.driver.called.notified().await;
    worker.stop().await;
    let state = stage.world.runtime.state();
    let wanted: BTreeMap<_, _> = shipway_engine::live_rollouts(&state)
        .flat_map(|it| shipway_engine::effects(&state, it))
        .map(|it| (it.key, it))
        .collect();
    assert_eq!(wanted.len(), 1);
}
