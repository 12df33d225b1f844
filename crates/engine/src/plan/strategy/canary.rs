//! Canary: a growing share, with as many new instances as the share needs, judged against the version replaced: against what
//! answers the rest of the traffic, or against instances of it that were started with the new ones ([`Control`]).

mod control;

use shipway_model::plan::{Action, Coverage, Deployed, PlannedPool, StepId};
use shipway_model::resource::strategy::{Analysis, Baseline, Canary, CanaryStep, Percent};
use shipway_model::resource::{Kind, Spec};
use shipway_model::{BasisPoints, Name};

use super::{hosts, pool, retire_replaced};
use crate::Rejection;
use crate::plan::Shipment;
use crate::plan::build::Builder;
use control::Control;

pub(super) fn lay(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    from: &Deployed,
    canary: &Canary,
    after: &[StepId],
) -> Result<Vec<StepId>, Rejection> {
    let control = Control::of(canary, from)?;
    let mut walk = Walk {
        service: &shipment.name,
        from,
        to: &shipment.to,
        stands: &shipment.stands,
        hosts: hosts(builder),
        n_placed: 0,
        weight: BasisPoints::ZERO,
        controls: Vec::new(),
        previous: after.to_vec(),
    };
    if let Some(control) = &control {
        walk.clear_leftovers(builder, control);
    }
    let to_full = CanaryStep::Weight(100_u8.try_into().expect("100 is a percentage"));
    let ends_full = canary.steps.contains(&to_full);
    for (step_idx, step) in canary.steps.iter().chain((!ends_full).then_some(&to_full)).enumerate() {
        let beside = control.as_ref().filter(|it| it.stands_at(step_idx));
        match step {
            CanaryStep::Weight(percent) => walk.grow(builder, *percent, beside),
            CanaryStep::Pause(pause) => {
                let action = match pause.duration {
                    Some(duration) => Action::Wait { duration },
                    None => Action::Pause {},
                };
                let title = format!("pause at {}", walk.weight);
                walk.lay(builder, title, "the strategy pauses here", action);
            }
            CanaryStep::Bake(bake) => {
                let title = match bake.requests {
                    0 => format!("bake {} at {}", bake.duration, walk.weight),
                    requests => format!("bake {} and {requests} requests at {}", bake.duration, walk.weight),
                };
                let (service, version) = (walk.service.clone(), walk.to.version.clone());
                let (duration, requests) = (bake.duration, bake.requests);
                walk.lay(builder, title, "", Action::Bake { service, version, duration, requests });
            }
            CanaryStep::Analysis(rule) => walk.judge(builder, rule, beside),
        }
        if let Some(control) = control.as_ref().filter(|it| it.ends_with(step_idx)) {
            walk.dismiss(builder, control);
        }
    }
    builder.enter_wave("old version");
    let title = format!("take {} {} out of the route", walk.service, from.version);
    let only_new = vec![pool(&walk.to.version, BasisPoints::FULL, &walk.hosts)];
    let previous = std::mem::take(&mut walk.previous);
    let alone = builder.route(walk.service, title, only_new, walk.baseline(), previous);
    Ok(retire_replaced(builder, shipment, from, &walk.hosts, &alone))
}

/// What stands so far, from step to step.
struct Walk<'a> {
    service: &'a Name,
    from: &'a Deployed,
    to: &'a Deployed,
    /// Hosts on which the old version stands.
    stands: &'a [Name],
    hosts: Vec<Name>,
    /// New instances stand on so many of the hosts, the first ones.
    n_placed: usize,
    weight: BasisPoints,
    /// The steps that start the fresh control on the first hosts; none once it has gone.
    controls: Vec<StepId>,
    previous: Vec<StepId>,
}

impl Walk<'_> {
    fn lay(&mut self, builder: &mut Builder<'_>, title: String, why: &str, action: Action) {
        self.previous = vec![builder.lay(title, why, &self.previous, action, None)];
    }

    /// Whatever the share has grown to, the first step back gives all traffic to the old version at once.
    fn baseline(&self) -> Vec<PlannedPool> {
        vec![pool(&self.from.version, BasisPoints::FULL, self.stands)]
    }

    /// A greater share, with the instances that it needs and, `beside` them, as many of a fresh control.
    fn grow(&mut self, builder: &mut Builder<'_>, percent: Percent, beside: Option<&Control>) {
        self.weight = percent.into();
        builder.enter_wave(self.weight.to_string());
        let n_wanted = self.weight.of_count(self.hosts.len());
        let mut ready = Vec::new();
        for host in &self.hosts[self.n_placed.min(n_wanted)..n_wanted] {
            ready.push(builder.place(self.service, self.to, host, &self.previous));
        }
        self.n_placed = self.n_placed.max(n_wanted);
        if let Some(control) = beside {
            for host in &self.hosts[self.controls.len()..self.n_placed] {
                let placed = builder.place(self.service, &control.deployed, host, &self.previous);
                ready.push(placed);
                self.controls.push(placed);
            }
        }
        let ready = if ready.is_empty() { std::mem::take(&mut self.previous) } else { ready };
        let title = format!("route {} of {} to {}", self.weight, self.service, self.to.version);
        self.route(builder, title, beside, ready);
    }

    /// The shares as they are at this weight. The control's comes first: sessions stay where they are by the sums of the
    /// shares, and so what grows from the other end never gives one back.
    fn route(
        &mut self,
        builder: &mut Builder<'_>,
        title: String,
        beside: Option<&Control>,
        after: Vec<StepId>,
    ) {
        let placed = &self.hosts[..self.n_placed];
        let fresh = beside.map(|it| pool(&it.deployed.version, self.weight, placed));
        let taken = if fresh.is_some() { self.weight.twice() } else { self.weight };
        let rest = pool(&self.from.version, taken.complement(), self.stands);
        let new = pool(&self.to.version, self.weight, placed);
        let pools = fresh.into_iter().chain([rest, new]).collect();
        self.previous = builder.route(self.service, title, pools, self.baseline(), after);
    }

    fn judge(&mut self, builder: &mut Builder<'_>, rule: &Analysis, beside: Option<&Control>) {
        let control = match (rule.baseline, beside) {
            (Baseline::Fresh, Some(control)) => &control.deployed.version,
            _ => &self.from.version,
        };
        let action = Action::Analyse {
            service: self.service.clone(),
            control: control.clone(),
            canary: self.to.version.clone(),
            rule: rule.clone(),
            journeys: coverage(builder, self.service),
        };
        let title =
            format!("judge {} {} against {control} at {}", self.service, self.to.version, self.weight);
        self.lay(builder, title, "", action);
    }
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
