//! Retire: stop an instance. The router has let its open requests finish before.

use std::sync::Arc;

use shipway_model::effect::Success;
use shipway_model::plan::Instance;

use super::Failure;
use crate::fleet;
use crate::host::Host;

/// Takes at most the contract's stop timeout, so it is not given up half-way. What is not there is retired.
pub(super) async fn retire(host: &Arc<Host>, instance: &Instance) -> Result<Success, Failure> {
    fleet::remove(host, instance).await?;
    Ok(Success::Retired {})
}
