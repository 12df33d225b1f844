//! Saying whether something fits where it is to go.

use shipway_api::Code;
use shipway_api::operations::contract::{CanDeploy, CanDeployQuery};
use shipway_api::view::contract::CanDeployView;
use shipway_engine::State;
use shipway_engine::gate::{self, Outline};
use shipway_model::Name;
use shipway_model::contract::{Fit, FitReason};
use shipway_model::gate::facts::Facts;

use crate::app::App;
use crate::gates::instant;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::routes::release;

pub(super) async fn handle(it: Incoming<CanDeploy>) -> Outcome<CanDeploy> {
    let environment = &it.path.environment;
    let outline = outline(&it.state(), &it.query, environment, instant(it.now()))?;
    let (facts, reasons) = judge(&it.app, &outline).await?;
    Ok(CanDeployView {
        subject: format!("{}@{}", facts.release.name, facts.release.version),
        environment: facts.environment,
        at: facts.at,
        answer: reasons.first().map_or(Fit::Unknown, |it| it.answer),
        reasons,
    })
}

/// The facts, and how each pair of builds fits: the worst comes first.
pub(super) async fn judge(app: &App, outline: &Outline) -> Result<(Facts, Vec<FitReason>), Failure> {
    let facts = app.gates.fill(outline).await?;
    let judge = app.can_deploy;
    // Contracts may be large: whoever answers requests does not compare them.
    let judging = tokio::task::spawn_blocking(move || {
        let all = facts.services.keys().flat_map(|service| judge(&facts, service).reasons);
        let mut reasons: Vec<_> = all.collect();
        reasons.sort();
        (facts, reasons)
    });
    Ok(judging.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic())))
}

fn outline(
    state: &State,
    query: &CanDeployQuery,
    environment: &Name,
    at: jiff::Timestamp,
) -> Result<Outline, Failure> {
    match (&query.service, &query.version, &query.release) {
        (Some(service), Some(version), None) => {
            Ok(gate::outline_of_build(state, service, version, environment, at)?)
        }
        (None, None, Some(selector)) => {
            Ok(gate::outline(state, release::find(state, selector)?.id, environment, at)?)
        }
        _ => Err(Failure::new(Code::InvalidRequest, "name either a service and a version, or a release")
            .hint("`shipway can-deploy SERVICE@VERSION --env ENV`, or with `--release`")),
    }
}
