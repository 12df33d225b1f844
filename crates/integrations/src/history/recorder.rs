//! Whoever writes the history: reads every router that routes something, and keeps what came in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use shipway_model::analysis::Arm;
use shipway_model::{Name, Version};
use shipway_runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{History, Known};
use crate::asking::now;
use crate::metrics::{Meter, router};
use crate::outbound::Outbound;

const INTERVAL: Duration = Duration::from_secs(10);

/// A recorder at work. Dropped, it works on for as long as the process; [`Recorder::stop`] ends it.
pub struct Recorder {
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

impl Recorder {
    /// Records from now on what is routed.
    pub fn start(runtime: Runtime, history: History) -> Self {
        let stopping = CancellationToken::new();
        let record = record(runtime, history);
        let stop = stopping.clone();
        let running = tokio::spawn(async move {
            stop.run_until_cancelled(record).await;
        });
        Self { stopping, running }
    }

    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.running.await {
            tracing::error!(error = %error, "the recorder of traffic ended by a panic");
        }
    }
}

/// One service of one environment, and where its router is.
type Place = (Name, Name, String);

/// What is remembered of one place from one look to the next.
#[derive(Default)]
struct Seen {
    meters: BTreeMap<Version, Meter>,
    known: Known,
}

async fn record(runtime: Runtime, history: History) {
    let outbound = Outbound::new();
    let mut seen: BTreeMap<Place, Seen> = BTreeMap::new();
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lock = None;
    loop {
        ticks.tick().await;
        if lock.is_none() {
            lock = locked(&history);
        }
        if lock.is_none() {
            continue;
        }
        let places = places(&runtime);
        seen.retain(|place, _| places.contains(place));
        let mut pages: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for place in &places {
            let (environment, service, admin) = place;
            if !pages.contains_key(admin.as_str()) {
                let page = router::page(&outbound, admin).await;
                let page =
                    page.inspect_err(|error| tracing::debug!(%error, "a stretch of traffic is not recorded"));
                pages.insert(admin, page.ok());
            }
            let Some(Some(page)) = pages.get(admin.as_str()) else { continue };
            let Ok(reading) = router::parse(page, environment, service) else { continue };
            let seen = seen.entry(place.clone()).or_default();
            let arms = seen.advance(reading);
            if let Err(error) = history.append((environment, service), now(), &arms, &mut seen.known) {
                tracing::warn!(%error, "the history of traffic cannot be written");
            }
        }
    }
}

impl Seen {
    /// What each version did since the last look. Of one that is new nothing is known yet, or whose counters fell.
    fn advance(&mut self, reading: crate::metrics::Reading) -> BTreeMap<Version, Arm> {
        let mut arms = BTreeMap::new();
        for (version, counters) in reading {
            match self.meters.get_mut(&version) {
                Some(meter) => arms.extend(meter.advance(counters).map(|arm| (version, arm))),
                None => {
                    self.meters.insert(version, Meter::starting_at(counters));
                }
            }
        }
        arms
    }
}

/// Everything that has a route now.
fn places(runtime: &Runtime) -> BTreeSet<Place> {
    let state = runtime.state();
    let mut places = BTreeSet::new();
    for (name, environment) in state.environments.iter() {
        let Some(router) = state.catalogue.environment(name).and_then(|it| it.router) else { continue };
        let of = |service: &Name| (name.clone(), service.clone(), router.admin.clone());
        places.extend(environment.routes.keys().map(of));
    }
    places
}

/// The lock of whoever records, while this process holds it.
fn locked(history: &History) -> Option<fs::File> {
    fs::create_dir_all(&history.folder).ok()?;
    let file = fs::File::create(history.folder.join("recorder.lock")).ok()?;
    file.try_lock().ok().map(|()| file)
}
