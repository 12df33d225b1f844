//! Handing out effects.

use std::sync::Arc;
use std::time::Duration;

use shipway_api::Code;
use shipway_api::operations::agent::{LEASE_WAIT_MS_MAX, LeaseEffects, Leases};
use shipway_model::effect::Performer;
use shipway_runtime::{LeaseRequest, Leased};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

/// How long a lease holds unless it is renewed: this long after an agent died, its successor gets the effect again.
const TTL: Duration = Duration::from_secs(10);

pub(super) async fn handle(it: Incoming<LeaseEffects>) -> Outcome<LeaseEffects> {
    super::check_known(&it.app.runtime.state(), &it.path.host)?;
    let request = LeaseRequest {
        max: it.body.max as usize,
        wait: Duration::from_millis(it.body.wait_ms.min(LEASE_WAIT_MS_MAX).into()),
        ttl: TTL,
        holder: it.body.holder.as_deref().map(Arc::from),
        renew: it.body.renew.iter().map(|held| (held.key, held.generation)).collect(),
    };
    let lease = it.app.runtime.lease(Performer::Agent(it.path.host.clone()), request);
    let leased = it.app.stopping.run_until_cancelled(lease).await;
    // Nothing is said of what is held: the agent works on and asks the next control plane.
    let stopping = || Failure::new(Code::Unavailable, "the control plane is shutting down");
    let Leased { leases, renewed } = leased.ok_or_else(stopping)??;
    it.app.hearing.note(&it.path.host, it.app.runtime.clock().now());
    Ok(Leases { leases, renewed })
}
