//! Verify: all checks of an instance, now.

use std::sync::Arc;

use shipway_model::effect::Success;
use shipway_model::plan::Instance;

use super::{Failure, Patience};
use crate::host::Host;
use crate::supervise::Status;

pub(super) async fn verify(
    host: &Arc<Host>,
    instance: &Instance,
    patience: &Patience,
) -> Result<Success, Failure> {
    let (unit, status) = host.fleet.find(instance).ok_or_else(|| {
        Failure::for_good(format!("{instance} is not among what shall run on {}", host.name))
    })?;
    if let Status::Crashed(reason) = status {
        return Err(Failure::for_now(reason));
    }
    let prepared = unit.prepare(host).map_err(Failure::for_good)?;
    tokio::select! {
        result = prepared.subject.check() => result.map_err(Failure::for_now)?,
        failure = patience.ends() => return Err(failure),
    }
    Ok(Success::Verified {})
}
