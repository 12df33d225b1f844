//! Retire: let an instance finish what it has, then stop it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use shipway_model::Millis;
use shipway_model::effect::Success;
use shipway_model::plan::Instance;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::{Failure, Patience};
use crate::host::Host;
use crate::{connections, fleet};

/// How often open connections are counted.
const INTERVAL: Duration = Duration::from_millis(50);

/// Takes at most `drain` and the contract's stop timeout. It is given up only before anything was stopped: once that
/// has begun it is brought to its end, and whoever wants the instance again waits for that. What is not there is retired.
pub(super) async fn retire(
    host: &Arc<Host>,
    instance: &Instance,
    drain: Millis,
    patience: &Patience,
) -> Result<Success, Failure> {
    let ports: Option<BTreeSet<u16>> =
        host.journal.read(|it| it.instances.get(instance).map(|it| it.ports.values().copied().collect()));
    if let Some(ports) = ports {
        tokio::select! {
            () = finish(instance, host.address, &ports, drain) => {}
            failure = patience.is_lost() => return Err(failure),
        }
    }
    fleet::remove(host, instance).await?;
    Ok(Success::Retired {})
}

/// New traffic has left it before; waits until the connections that it still has are closed, at most `drain`.
async fn finish(instance: &Instance, address: IpAddr, ports: &BTreeSet<u16>, drain: Millis) {
    let until = Instant::now() + drain.duration();
    while let Some(n_open) = connections::open_to(address, ports).filter(|n_open| *n_open > 0) {
        if Instant::now() >= until {
            info!(%instance, n_open, "is stopped with connections still open after {drain}");
            return;
        }
        sleep(INTERVAL).await;
    }
}
