//! Silences in Alertmanager for exactly the alerts that the steps under way are expected to raise, as the plan lists them.
//!
//! A silence ends with its step; what it kept quiet is then recorded in the ledger. It never covers an alert of severity
//! critical. The state of rollouts says which silences there should be: one that is missing is made, one that is left over
//! from before a restart is ended. A rollout does not wait for an Alertmanager that does not answer.

mod alertmanager;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use shipway_engine::Command;
use shipway_model::RolloutId;
use shipway_model::effect::Direction;
use shipway_model::plan::{Silence, Silenced, StepId};
use shipway_model::resource::environment::Alertmanager;
use shipway_runtime::{Runtime, Submission};

use self::alertmanager::Connection;
use crate::background::{self, Background};
use crate::outbound::Outbound;

/// The state is looked at whenever it changes, and after this at the latest: an Alertmanager may have failed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(50);

/// A silencer at work. Dropped, it works on for as long as the process; [`Silencer::stop`] ends it, and leaves the silences
/// to whoever starts next: they end by themselves after a while.
pub struct Silencer(Background);

/// Which silence, of which step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    rollout: RolloutId,
    step: StepId,
    silence: Silence,
}

impl Silencer {
    /// Sets silences from now on. Of several control planes that share the folder of `lock`, one does.
    pub fn start(runtime: Runtime, lock: PathBuf) -> Self {
        Self(Background::start("the silencer", work(runtime, lock)))
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}

async fn work(runtime: Runtime, lock: PathBuf) {
    let outbound = Outbound::new();
    let mut grown = runtime.subscribe();
    let mut held: BTreeMap<Key, Held> = BTreeMap::new();
    let mut looked_at: BTreeSet<String> = BTreeSet::new();
    let mut sole = None;
    loop {
        grown.mark_unchanged();
        sole = sole.or_else(|| background::sole(&lock));
        if sole.is_some() {
            let wanted = wanted(&runtime);
            adopt(&outbound, &runtime, &mut looked_at, &mut held).await;
            set(&outbound, &wanted, &mut held).await;
            end(&outbound, &runtime, &wanted, &mut held).await;
        }
        // An end of the ledger is the end of this too.
        if let Ok(Err(_)) = tokio::time::timeout(LOOK_INTERVAL, grown.changed()).await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A silence that stands.
struct Held {
    id: String,
    alertmanager: Alertmanager,
    ends: jiff::Timestamp,
}

/// What the steps under way are expected to raise.
fn wanted(runtime: &Runtime) -> BTreeMap<Key, Alertmanager> {
    let state = runtime.state();
    let mut wanted = BTreeMap::new();
    for rollout in state.rollouts.live.values().filter(|it| !it.has_ended()) {
        let Some(alertmanager) = &rollout.plan.alertmanager else { continue };
        for step in &rollout.plan.steps {
            let is_under_way = rollout.step(step.id).is_some_and(|it| {
                [Direction::Do, Direction::Undo].iter().any(|direction| it.progress(*direction).is_running())
            });
            for silence in step.silences.iter().filter(|_| is_under_way) {
                let key = Key { rollout: rollout.id, step: step.id, silence: silence.clone() };
                wanted.insert(key, alertmanager.clone());
            }
        }
    }
    wanted
}

/// Finds, once for each Alertmanager, what was set before this process began.
async fn adopt(
    outbound: &Outbound,
    runtime: &Runtime,
    looked_at: &mut BTreeSet<String>,
    held: &mut BTreeMap<Key, Held>,
) {
    let all: Vec<Alertmanager> = {
        let state = runtime.state();
        let names = state.environments.iter().map(|it| it.0);
        let declared = names.filter_map(|name| state.catalogue.environment(name)?.alertmanager);
        declared.filter(|it| !looked_at.contains(&it.url)).collect()
    };
    for alertmanager in all {
        match Connection::new(outbound, &alertmanager).ours().await {
            Ok(found) => {
                looked_at.insert(alertmanager.url.clone());
                for (key, id, ends) in found {
                    let alertmanager = alertmanager.clone();
                    held.entry(key).or_insert(Held { id, alertmanager, ends });
                }
            }
            Err(error) => tracing::warn!(%error, "what is silenced is not known"),
        }
    }
}

/// Makes what is missing, and prolongs what would end before its step.
async fn set(outbound: &Outbound, wanted: &BTreeMap<Key, Alertmanager>, held: &mut BTreeMap<Key, Held>) {
    for (key, alertmanager) in wanted {
        let known = held.get(key);
        if known.is_some_and(|it| !alertmanager::is_near(it.ends)) {
            continue;
        }
        let id = known.map(|it| it.id.clone());
        match Connection::new(outbound, alertmanager).set(key, id.as_deref()).await {
            Ok((id, ends)) => {
                held.insert(key.clone(), Held { id, alertmanager: alertmanager.clone(), ends });
            }
            Err(error) => tracing::warn!(step = %key.step, %error, "an expected alert is not silenced"),
        }
    }
}

/// Ends what no step wants any more, and records what it kept quiet.
async fn end(
    outbound: &Outbound,
    runtime: &Runtime,
    wanted: &BTreeMap<Key, Alertmanager>,
    held: &mut BTreeMap<Key, Held>,
) {
    let over: Vec<Key> = held.keys().filter(|it| !wanted.contains_key(it)).cloned().collect();
    for key in over {
        let it = &held[&key];
        let connection = Connection::new(outbound, &it.alertmanager);
        let ended = async {
            let alerts = connection.silenced_by(&it.id).await?;
            connection.end(&it.id).await?;
            Ok::<_, alertmanager::Fault>(alerts)
        };
        match ended.await {
            Ok(alerts) => {
                let silenced = Silenced { id: it.id.clone(), silence: key.silence.clone(), alerts };
                let command = Command::NoteSilence { rollout: key.rollout, step: key.step, silenced };
                let actor = shipway_runtime::ACTOR.to_owned();
                let submission = Submission { actor, key: None, command, generation: None };
                if let Err(error) = runtime.submit(submission).await {
                    tracing::warn!(%error, "what was silenced is not recorded");
                }
                held.remove(&key);
            }
            Err(error) => tracing::warn!(step = %key.step, %error, "a silence is not ended yet"),
        }
    }
}
