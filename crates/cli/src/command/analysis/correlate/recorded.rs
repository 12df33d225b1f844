//! What the control plane knows to have happened in an environment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_analysis::correlation::{Kind, Occurrence};
use shipway_api::operations::alert::{AlertQuery, ListAlerts};
use shipway_api::operations::release::{ListReleases, ReleaseQuery};
use shipway_api::operations::rollout::{ListRollouts, RolloutQuery};
use shipway_api::page::PageQuery;
use shipway_api::view::RolloutSummary;
use shipway_api::view::alert::AlertView;
use shipway_model::{Name, ReleaseId};

use crate::connection::{connect, pages};
use crate::failure::Failure;
use crate::settings::ConnectionArgs;

/// Rollouts that began, and alerts.
pub(super) struct Recorded {
    /// A rollout is a deployment of each service of its release, an alert that names a service is an incident of it.
    pub(super) occurrences: Vec<Occurrence>,
    n_rollouts: usize,
    n_alerts: usize,
}

/// # Errors
/// The control plane cannot be asked.
pub(super) async fn of(environment: &Name, connection: &ConnectionArgs) -> Result<Recorded, Failure> {
    let client = connect(connection)?;
    let rollouts = pages(async |PageQuery { cursor, limit }| {
        let environment = Some(environment.clone());
        let query = RolloutQuery { environment, live: None, before: None, cursor, limit };
        Ok(client.call::<ListRollouts>((), query, ()).await?.value)
    })
    .await?;
    let alerts = pages(async |PageQuery { cursor, limit }| {
        let environment = Some(environment.clone());
        let query = AlertQuery { service: None, environment, firing: None, cursor, limit };
        Ok(client.call::<ListAlerts>((), query, ()).await?.value)
    })
    .await?;
    let releases = pages(async |PageQuery { cursor, limit }| {
        let query = ReleaseQuery { cursor, limit, ..ReleaseQuery::default() };
        Ok(client.call::<ListReleases>((), query, ()).await?.value)
    })
    .await?;
    let services = releases.into_iter().map(|it| (it.id, it.bundle.parts.into_keys().collect())).collect();
    Ok(Recorded::new(&rollouts, &services, &alerts))
}

impl Recorded {
    /// `services` are those of each release.
    fn new(
        rollouts: &[RolloutSummary],
        services: &BTreeMap<ReleaseId, Vec<Name>>,
        alerts: &[AlertView],
    ) -> Self {
        let began: Vec<_> = rollouts.iter().filter_map(|it| Some((it.started_at?, it))).collect();
        let deployments = began.iter().flat_map(|(at, it)| {
            let name = format!("{}@{}", it.release.name, it.release.version);
            let of_release = services.get(&it.release.id).into_iter().flatten();
            of_release.map(move |service| occurrence(*at, Kind::Deployment, service, &name))
        });
        let about: Vec<_> = alerts.iter().filter_map(|it| Some((it.service.as_ref()?, it))).collect();
        let incidents = about
            .iter()
            .map(|(service, it)| occurrence(it.alert.starts_at, Kind::Incident, service, &it.alert.name));
        Self {
            n_rollouts: began.len(),
            n_alerts: about.len(),
            occurrences: deployments.chain(incidents).collect(),
        }
    }

    /// A sentence.
    pub(super) fn told(&self, environment: &Name) -> String {
        let Self { n_rollouts, n_alerts, .. } = self;
        format!(
            "Recorded of {environment}: {n_rollouts} rollouts that began, each a deployment of every service of its release, \
             and {n_alerts} alerts about a declared service, each an incident."
        )
    }
}

fn occurrence(at: Timestamp, kind: Kind, service: &Name, name: &str) -> Occurrence {
    // As precise as what a file says.
    Occurrence { t: at.as_second() as f64, kind, service: service.to_string(), name: name.to_owned() }
}
