//! Blue-green: the whole new version beside the old, looked at, then all traffic at once.

use shipway_model::BasisPoints;
use shipway_model::plan::{Action, Deployed, StepId};
use shipway_model::resource::strategy::BlueGreen;

use super::{hosts, pool, retire_replaced};
use crate::Rejection;
use crate::plan::build::Builder;
use crate::plan::{Shipment, stage};

pub(super) fn lay(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    from: &Deployed,
    strategy: &BlueGreen,
    after: &[StepId],
) -> Result<Vec<StepId>, Rejection> {
    let (service, to) = (&shipment.name, &shipment.to);
    let hosts = hosts(builder);
    let blue = |weight| pool(&from.version, weight, &shipment.stands);
    let green = |weight| pool(&to.version, weight, &hosts);
    let only_blue = vec![blue(BasisPoints::FULL)];

    builder.enter_wave("green");
    let mut ready: Vec<_> = hosts.iter().map(|host| builder.place(service, to, host, after)).collect();
    if let Some(journey) = &strategy.preview {
        let title = format!("preview {service} {} without traffic", to.version);
        let pools = vec![blue(BasisPoints::FULL), green(BasisPoints::ZERO)];
        ready = builder.route(service, title, pools, only_blue.clone(), ready);
        ready = vec![stage::lay_journey(builder, journey, Some(&to.version), &ready)?];
    }

    builder.enter_wave("switch");
    let title = format!("switch {service} to {}", to.version);
    let switched = vec![blue(BasisPoints::ZERO), green(BasisPoints::FULL)];
    let mut previous = builder.route(service, title, switched.clone(), only_blue, ready);
    if strategy.bake.0 > 0 {
        let title = format!("bake {service} {}", to.version);
        let bake = Action::Wait { duration: strategy.bake };
        previous = vec![builder.lay(title, "a failing instance still takes it back", &previous, bake, None)];
    }
    if strategy.scale_down_delay.0 > 0 {
        let title = format!("keep {service} {} ready", from.version);
        let wait = Action::Wait { duration: strategy.scale_down_delay };
        previous = vec![builder.lay(title, "going back is one switch meanwhile", &previous, wait, None)];
    }

    builder.enter_wave("blue");
    let title = format!("take {service} {} out of the route", from.version);
    let only_green = vec![green(BasisPoints::FULL)];
    let alone = builder.route(service, title, only_green, switched, previous);
    Ok(retire_replaced(builder, shipment, from, &hosts, &alone))
}
