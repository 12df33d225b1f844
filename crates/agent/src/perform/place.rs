//! Place: an instance beside what runs, healthy at the end, or not there at all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shipway_model::effect::Success;
use shipway_model::plan::Instance;
use shipway_model::resource::service::Deployment;
use shipway_model::{Digest, RolloutId};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::error;

use super::{CutOff, Failure, Patience};
use crate::fleet;
use crate::host::Host;
use crate::port;
use crate::supervise::Status;

pub(super) async fn place(
    host: &Arc<Host>,
    instance: &Instance,
    artifact: Digest,
    contract: &Deployment,
    rollout: RolloutId,
    patience: &Patience,
) -> Result<Success, Failure> {
    let placing = async {
        let mut cut_off = CutOff::of(host);
        let status = loop {
            match fleet::ensure(host, instance, artifact, contract, Some(rollout)).await {
                Err(fault) if fault.is_cut_off() => cut_off.wait(fault).await,
                status => break status,
            }
        };
        let status = status.map_err(|it| Failure { retryable: it.is_retryable(), reason: it.to_string() })?;
        healthy(status, contract.health.start_period.duration()).await
    };
    let placed = tokio::select! {
        placed = placing => placed,
        failure = patience.ends() => Err(failure),
    };
    if let Err(failure) = placed {
        // What did not become healthy does not stay: neither its process, nor the wish to have one.
        if let Err(fault) = fleet::remove(host, instance).await {
            error!(%instance, "cannot be removed after its placement failed: {fault}");
        }
        return Err(failure);
    }
    let ports = host.journal.read(|it| it.instances.get(instance).map(|it| it.ports.clone()));
    match ports.as_ref().and_then(port::main) {
        Some(port) => Ok(Success::Placed { address: SocketAddr::new(host.address, port) }),
        None => Err(Failure::for_good("the contract has no port at which it could be reached")),
    }
}

async fn healthy(mut status: watch::Receiver<Status>, start_period: Duration) -> Result<(), Failure> {
    let mut last = String::new();
    let waiting = async {
        loop {
            match &*status.borrow_and_update() {
                Status::Healthy => return Ok(()),
                // While it starts again, its crash is the better reason.
                Status::Starting(_) if last.starts_with("the process") => {}
                Status::Starting(reason) | Status::Unhealthy(reason) | Status::Crashed(reason) => {
                    last.clone_from(reason);
                }
            }
            if status.changed().await.is_err() {
                return Err(Failure::for_good("it was retired before it became healthy"));
            }
        }
    };
    match timeout(start_period, waiting).await {
        Ok(result) => result,
        Err(_) => Err(Failure::for_now(format!("not healthy within {start_period:?}: {last}"))),
    }
}
