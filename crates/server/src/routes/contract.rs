//! Contracts.

use shipway_api::operations::contract::CanDeploy;

use jiff::Timestamp;
use shipway_engine::gate;
use shipway_model::contract::Fit;
use shipway_model::{Name, ReleaseId};

use crate::app::App;
use crate::gates::instant;
use crate::problem::Failure;
use crate::router::Routes;

mod can_deploy;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<CanDeploy, _, _>(can_deploy::handle)
}

/// Whether somebody has shown, by contracts, that a release fits what stands in an environment as it stands.
pub(crate) async fn fits(
    app: &App,
    release: ReleaseId,
    environment: &Name,
    now: Timestamp,
) -> Result<bool, Failure> {
    let outline = gate::outline(&app.runtime.state(), release, environment, instant(now))?;
    let (_, reasons) = can_deploy::judge(app, &outline).await?;
    Ok(reasons.first().is_some_and(|it| it.answer == Fit::True))
}
