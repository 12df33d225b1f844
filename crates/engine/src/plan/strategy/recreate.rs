//! Recreate: all of the old away, then all of the new. Nobody answers in between.

use shipway_model::BasisPoints;
use shipway_model::plan::{Deployed, StepId};

use super::{hosts, pool, retire_replaced};
use crate::plan::Shipment;
use crate::plan::build::Builder;

pub(super) fn lay(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    from: &Deployed,
    after: &[StepId],
) -> Vec<StepId> {
    let (service, to) = (&shipment.name, &shipment.to);
    let hosts = hosts(builder);
    let old = vec![pool(&from.version, BasisPoints::FULL, &shipment.stands)];
    let new = vec![pool(&to.version, BasisPoints::FULL, &hosts)];
    builder.enter_wave("stop");
    let title = format!("take {service} out of the route");
    let out = builder.route(service, title, Vec::new(), old, after.to_vec());
    let stopped = retire_replaced(builder, shipment, from, &hosts, &out);
    builder.enter_wave("start");
    let started: Vec<_> = hosts.iter().map(|host| builder.place(service, to, host, &stopped)).collect();
    let title = format!("route {service} to {}", to.version);
    builder.route(service, title, new, Vec::new(), started)
}
