//! Canary: a growing share, with as many new instances as the share needs, judged against the version replaced.

use shipway_model::plan::{Action, Coverage, Deployed, PlannedPool, StepId};
use shipway_model::resource::strategy::{Canary, CanaryStep};
use shipway_model::resource::{Kind, Spec};
use shipway_model::{BasisPoints, Name};

use super::{hosts, pool, retire_replaced};
use crate::plan::Shipment;
use crate::plan::build::Builder;

pub(super) fn lay(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    from: &Deployed,
    canary: &Canary,
    after: &[StepId],
) -> Vec<StepId> {
    let (service, to) = (&shipment.name, &shipment.to);
    let hosts = hosts(builder);
    // Whatever the share has grown to, the first step back gives all traffic to the old version at once.
    let baseline = vec![pool(&from.version, BasisPoints::FULL, &shipment.stands)];
    let mut n_placed = 0;
    let mut previous = after.to_vec();
    let mut weight = BasisPoints::ZERO;
    let to_full = CanaryStep::Weight(100_u8.try_into().expect("100 is a percentage"));
    let ends_full = canary.steps.contains(&to_full);
    for step in canary.steps.iter().chain((!ends_full).then_some(&to_full)) {
        previous = match step {
            CanaryStep::Weight(percent) => {
                weight = (*percent).into();
                builder.enter_wave(weight.to_string());
                let n_wanted = weight.of_count(hosts.len());
                let missing = &hosts[n_placed.min(n_wanted)..n_wanted];
                let placed: Vec<_> =
                    missing.iter().map(|host| builder.place(service, to, host, &previous)).collect();
                n_placed = n_placed.max(n_wanted);
                let ready = if placed.is_empty() { previous.clone() } else { placed };
                let title = format!("route {weight} of {service} to {}", to.version);
                let pools: Vec<PlannedPool> = vec![
                    pool(&from.version, weight.complement(), &shipment.stands),
                    pool(&to.version, weight, &hosts[..n_placed]),
                ];
                builder.route(service, title, pools, baseline.clone(), ready)
            }
            CanaryStep::Pause(pause) => {
                let action = match pause.duration {
                    Some(duration) => Action::Wait { duration },
                    None => Action::Pause {},
                };
                let title = format!("pause at {weight}");
                vec![builder.lay(title, "the strategy pauses here", &previous, action, None)]
            }
            CanaryStep::Bake(bake) => {
                let action = Action::Bake {
                    service: service.clone(),
                    version: to.version.clone(),
                    duration: bake.duration,
                    requests: bake.requests,
                };
                let title = match bake.requests {
                    0 => format!("bake {} at {weight}", bake.duration),
                    requests => format!("bake {} and {requests} requests at {weight}", bake.duration),
                };
                vec![builder.lay(title, "", &previous, action, None)]
            }
            CanaryStep::Analysis(rule) => {
                let action = Action::Analyse {
                    service: service.clone(),
                    control: from.version.clone(),
                    canary: to.version.clone(),
                    rule: (**rule).clone(),
                    journeys: coverage(builder, service),
                };
                let title = format!("judge {service} {} against {} at {weight}", to.version, from.version);
                vec![builder.lay(title, "", &previous, action, None)]
            }
        };
    }
    builder.enter_wave("old version");
    let title = format!("take {service} {} out of the route", from.version);
    let only_new = vec![pool(&to.version, BasisPoints::FULL, &hosts)];
    let alone = builder.route(service, title, only_new, baseline, previous);
    retire_replaced(builder, shipment, from, &hosts, &alone)
}

/// The critical journeys that lead through the service, as far as they can be entered in the environment.
fn coverage(builder: &mut Builder<'_>, service: &Name) -> Vec<Coverage> {
    let ground = builder.ground;
    let mut found = Vec::new();
    for (key, resource) in ground.state.catalogue.of_kind(Kind::Journey) {
        let Spec::Journey(journey) = &resource.spec else { continue };
        let leads_through = journey.service == *service || journey.through.contains(service);
        if !journey.critical || !leads_through {
            continue;
        }
        let Some(base_url) = ground.url(&journey.service) else { continue };
        builder.declarations.insert(key.to_string(), resource.digest());
        found.push(Coverage { name: key.name.clone(), journey: journey.clone(), base_url });
    }
    found
}
