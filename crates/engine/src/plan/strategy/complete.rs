//! The version that stands already, on the targets that lack it: what stands is left alone, and stays when the rest is
//! taken back.

use shipway_model::BasisPoints;
use shipway_model::plan::{PlannedPool, StepId};

use super::{pool, zones};
use crate::plan::Shipment;
use crate::plan::build::Builder;

pub(super) fn lay(builder: &mut Builder<'_>, shipment: &Shipment<'_>, after: &[StepId]) -> Vec<StepId> {
    let (ground, service, to) = (builder.ground, &shipment.name, &shipment.to);
    let only = |hosts: &[shipway_model::Name]| vec![pool(&to.version, BasisPoints::FULL, hosts)];
    let routed_now = ground.running.and_then(|it| it.routes.get(service)).map(|it| it.pools.clone());
    // The way back leads to the route that there is: also to other versions' share, while they stand.
    let mut before: Vec<PlannedPool> = routed_now.unwrap_or_default();
    let (mut stands, mut previous) = (shipment.stands.clone(), after.to_vec());
    for (zone, hosts) in zones(builder) {
        let missing: Vec<_> = hosts.into_iter().filter(|it| !shipment.stands.contains(it)).collect();
        if missing.is_empty() {
            continue;
        }
        builder.enter_wave(zone);
        let placed: Vec<_> = missing.iter().map(|it| builder.place(service, to, it, &previous)).collect();
        stands.extend(missing);
        let title = format!("route {service} {} to {} targets", to.version, stands.len());
        let pools = only(&stands);
        previous = builder.route(service, title, pools.clone(), before, placed);
        before = pools;
    }
    if stands.len() == shipment.stands.len() && ground.is_shared(service, to) {
        builder.enter_wave("route");
        let title = format!("route {service} to {} alone", to.version);
        previous = builder.route(service, title, only(&stands), before, previous);
    }
    previous
}
