//! The instances that shall run here, each with its supervisor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use shipway_model::effect::{Effect, Order};
use shipway_model::plan::Instance;
use shipway_model::resource::service::Deployment;
use shipway_model::{Digest, RolloutId};
use tokio::sync::{OwnedMutexGuard, RwLock, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::cache::FetchError;
use crate::host::Host;
use crate::journal::{Entry, InstanceRecord, JournalError};
use crate::port;
use crate::supervise::{Status, Unit, Wish, supervise};

#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("no ports: {0}")]
    Ports(std::io::Error),
    #[error("{0}")]
    Contract(String),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl PlaceError {
    /// Whether it is only that the control plane cannot be reached.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self, Self::Fetch(fault) if fault.is_cut_off())
    }

    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Fetch(fault) => fault.is_retryable(),
            Self::Ports(_) | Self::Journal(_) => true,
            Self::Contract(_) => false,
        }
    }
}

#[derive(Default)]
pub(crate) struct Fleet {
    members: Mutex<BTreeMap<Instance, Member>>,
    /// Whoever changes an instance holds its lock.
    locks: Locks,
    /// Whoever performs an effect on an instance holds its turn, so that effects follow each other as they came.
    turns: Locks,
    /// Held from choosing ports until they are noted.
    ports: tokio::sync::Mutex<()>,
    /// Read from unpacking a folder until it is noted; written by who removes folders that are not noted.
    folders: RwLock<()>,
}

/// One lock for each instance, given in the order in which it was asked for.
#[derive(Default)]
struct Locks(Mutex<BTreeMap<Instance, Arc<tokio::sync::Mutex<()>>>>);

struct Member {
    unit: Arc<Unit>,
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Fleet {
    /// Lets go of all instances, which run on.
    pub(crate) fn abandon(&self) {
        for member in std::mem::take(&mut *self.members()).into_values() {
            member.task.abort();
        }
    }

    /// How an instance is and what it is, when it shall run here.
    pub(crate) fn find(&self, instance: &Instance) -> Option<(Arc<Unit>, Status)> {
        self.members().get(instance).map(|it| (it.unit.clone(), it.status.borrow().clone()))
    }

    /// The turn of an effect on this instance.
    pub(crate) async fn turn(&self, instance: &Instance) -> OwnedMutexGuard<()> {
        self.turns.lock(instance).await
    }

    fn members(&self) -> std::sync::MutexGuard<'_, BTreeMap<Instance, Member>> {
        self.members.lock().expect("nobody panics while holding the fleet")
    }
}

impl Locks {
    async fn lock(&self, instance: &Instance) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().expect("nobody panics while holding the locks");
            locks.retain(|_, it| Arc::strong_count(it) > 1);
            locks.entry(instance.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }
}

/// Goes on with everything that the journal says shall run.
pub(crate) fn adopt_all(host: &Arc<Host>) {
    let (instances, leaving): (_, BTreeSet<Instance>) = host
        .journal
        .read(|it| (it.instances.clone(), it.unfinished().filter_map(retired_by).cloned().collect()));
    for (instance, record) in instances {
        let wish = if leaving.contains(&instance) { Wish::End } else { Wish::Run };
        admit(host, instance, record, wish);
    }
}

fn retired_by((effect, _): (&Effect, u32)) -> Option<&Instance> {
    match &effect.order {
        Order::Retire { instance, .. } => Some(instance),
        _ => None,
    }
}

/// Sees to it that this instance, of this artifact and contract, is being kept running, and returns how it is from now
/// on. Changes nothing when it is already.
pub(crate) async fn ensure(
    host: &Arc<Host>,
    instance: &Instance,
    artifact: Digest,
    contract: &Deployment,
    rollout: Option<RolloutId>,
) -> Result<watch::Receiver<Status>, PlaceError> {
    let _changing = host.fleet.locks.lock(instance).await;
    let as_ordered = |it: &Member| it.unit.artifact == artifact && it.unit.contract == *contract;
    if let Some(member) = host.fleet.members().get(instance).filter(|it| as_ordered(it)) {
        info!(%instance, "is kept running already");
        return Ok(member.status.clone());
    }
    let _unpacking = host.fleet.folders.read().await;
    let folder = host.layout.instance(instance, &artifact);
    host.cache.unpack(artifact, host.layout.unfinished(instance, &artifact), folder.clone()).await?;
    end(host, instance).await?;
    let record = {
        let _choosing = host.fleet.ports.lock().await;
        let taken: BTreeSet<u16> =
            host.journal.read(|it| it.instances.values().flat_map(|it| it.ports.values().copied()).collect());
        let ports =
            port::choose(instance, host.address, &contract.ports, &taken).map_err(PlaceError::Ports)?;
        let record = InstanceRecord {
            artifact,
            contract: contract.clone(),
            ports,
            rollout,
            run: 0,
            process: None,
            condition: None,
        };
        // What cannot be started at all is better said now than after a start period.
        unit(host, instance.clone(), &record).prepare(host).map_err(PlaceError::Contract)?;
        let desired = Entry::Desired {
            instance: instance.clone(),
            artifact,
            contract: Box::new(contract.clone()),
            ports: record.ports.clone(),
            rollout: record.rollout,
            condition: None,
        };
        host.journal.note(desired).await?;
        record
    };
    info!(%instance, %artifact, ports = ?record.ports, "shall run");
    Ok(admit(host, instance.clone(), record, Wish::Run))
}

/// Stops an instance and forgets that it shall run. Nothing happens when it does not.
pub(crate) async fn remove(host: &Arc<Host>, instance: &Instance) -> Result<(), JournalError> {
    let _changing = host.fleet.locks.lock(instance).await;
    end(host, instance).await
}

async fn end(host: &Host, instance: &Instance) -> Result<(), JournalError> {
    let Some(artifact) = host.journal.read(|it| it.instances.get(instance).map(|it| it.artifact)) else {
        return Ok(());
    };
    let member = host.fleet.members().remove(instance);
    if let Some(member) = member {
        member.stop.cancel();
        match member.task.await {
            Ok(()) => {}
            Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
            // The agent ends, and the process was left running: nothing more may be noted.
            Err(_) => std::future::pending().await,
        }
    }
    host.journal.note(Entry::Retired { instance: instance.clone(), artifact }).await?;
    info!(%instance, "shall not run any more");
    prune(host, instance);
    Ok(())
}

fn admit(
    host: &Arc<Host>,
    instance: Instance,
    record: InstanceRecord,
    wish: Wish,
) -> watch::Receiver<Status> {
    let unit = Arc::new(unit(host, instance.clone(), &record));
    let (say, status) = watch::channel(Status::Starting("it was not started yet".to_owned()));
    let stop = CancellationToken::new();
    let task = tokio::spawn(supervise(host.clone(), unit.clone(), record, wish, say, stop.clone()));
    host.fleet.members().insert(instance, Member { unit, status: status.clone(), stop, task });
    status
}

fn unit(host: &Host, instance: Instance, record: &InstanceRecord) -> Unit {
    let folder = host.layout.instance(&instance, &record.artifact);
    let (artifact, contract, ports) = (record.artifact, record.contract.clone(), record.ports.clone());
    Unit { instance, artifact, contract, ports, rollout: record.rollout, folder }
}

/// Removes folders that nothing runs in and that nobody will go back to soon. While another one is being unpacked
/// this is left to the next time.
fn prune(host: &Host, instance: &Instance) {
    let Ok(_removing) = host.fleet.folders.try_write() else { return };
    let kept: Vec<PathBuf> = host.journal.read(|state| {
        let running = state.instances.iter().map(|(it, record)| host.layout.instance(it, &record.artifact));
        let retired = state.retired.iter().map(|(it, artifact)| host.layout.instance(it, artifact));
        running.chain(retired).collect()
    });
    if let Err(fault) = host.layout.prune(instance, &kept) {
        warn!(%instance, "old folders cannot be removed: {fault}");
    }
}
