//! Rolling: zone by zone, a few targets at a time, old and new answering in proportion.

use shipway_model::plan::{Action, Deployed, PlannedPool, StepId};
use shipway_model::resource::strategy::Rolling;
use shipway_model::{BasisPoints, Name};

use super::{pool, retire_replaced, zones};
use crate::plan::Shipment;
use crate::plan::build::Builder;

pub(super) fn lay(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    rolling: &Rolling,
    after: &[StepId],
) -> Vec<StepId> {
    let surges = rolling.max_surge > 0 || shipment.from.is_none();
    let chunk_size = if surges { rolling.max_surge.max(1) } else { rolling.max_unavailable.max(1) } as usize;
    let mut walk = Walk {
        shipment,
        service: &shipment.name,
        from: shipment.from.as_ref(),
        to: &shipment.to,
        old: shipment.stands.clone(),
        new: Vec::new(),
        previous: after.to_vec(),
    };
    let zones = zones(builder);
    let n_zones = zones.len();
    for (zone_idx, (zone, mut hosts)) in zones.into_iter().enumerate() {
        builder.enter_wave(zone.clone());
        // Where nothing stands there is nothing to lose.
        hosts.sort_by_key(|it| shipment.stands.contains(it));
        for chunk in hosts.chunks(chunk_size) {
            if surges { walk.surge(builder, chunk) } else { walk.replace(builder, chunk) }
        }
        if zone_idx + 1 < n_zones {
            walk.bake(builder, rolling, &zone);
        }
    }
    walk.previous
}

struct Walk<'a> {
    shipment: &'a Shipment<'a>,
    service: &'a Name,
    from: Option<&'a Deployed>,
    to: &'a Deployed,
    /// Hosts whose old instance is in the route.
    old: Vec<Name>,
    /// Hosts whose new instance is in the route.
    new: Vec<Name>,
    previous: Vec<StepId>,
}

impl Walk<'_> {
    /// By clock, and by requests where a router counts them.
    fn bake(&mut self, builder: &mut Builder<'_>, rolling: &Rolling, zone: &str) {
        let is_routed = builder.ground.routes.contains_key(self.service);
        let requests = if is_routed { rolling.bake_requests } else { 0 };
        if rolling.bake.0 == 0 && requests == 0 {
            return;
        }
        let (service, version) = (self.service.clone(), self.to.version.clone());
        let title = format!("bake {service} {version} in {zone}");
        let why = "the next zone begins when nothing has failed meanwhile";
        let bake = Action::Bake { service, version, duration: rolling.bake, requests };
        self.previous = vec![builder.lay(title, why, &self.previous, bake, None)];
    }

    /// New beside old, then old away: no target is ever without an instance.
    fn surge(&mut self, builder: &mut Builder<'_>, chunk: &[Name]) {
        let before = self.pools();
        let places: Vec<_> =
            chunk.iter().map(|host| builder.place(self.service, self.to, host, &self.previous)).collect();
        self.new.extend_from_slice(chunk);
        self.old.retain(|host| !chunk.contains(host));
        let title = format!("route {} {} on {}", self.service, self.to.version, listed(chunk));
        let routed = builder.route(self.service, title, self.pools(), before, places.clone());
        let mut retired = Vec::new();
        for (host, place) in chunk.iter().zip(&places) {
            let Some(from) = self.from else { continue };
            let after: Vec<_> = routed.iter().chain([place]).copied().collect();
            let host = std::slice::from_ref(host);
            retired.extend(retire_replaced(builder, self.shipment, from, host, &after));
        }
        self.previous = if retired.is_empty() { routed } else { retired };
    }

    /// Old away, then new: a target is without an instance meanwhile.
    fn replace(&mut self, builder: &mut Builder<'_>, chunk: &[Name]) {
        let Some(from) = self.from else { return };
        let before = self.pools();
        self.old.retain(|host| !chunk.contains(host));
        let title = format!("take {} of {} out of the route", self.service, listed(chunk));
        let without = self.pools();
        // Where nothing stands, nothing is taken out.
        let routed = match without == before {
            true => self.previous.clone(),
            false => builder.route(self.service, title, without.clone(), before, self.previous.clone()),
        };
        let place = |host: &Name| {
            let one = std::slice::from_ref(host);
            let retired = retire_replaced(builder, self.shipment, from, one, &routed);
            let after = if retired.is_empty() { &routed } else { &retired };
            builder.place(self.service, self.to, host, after)
        };
        let places: Vec<_> = chunk.iter().map(place).collect();
        self.new.extend_from_slice(chunk);
        let title = format!("route {} {} on {}", self.service, self.to.version, listed(chunk));
        self.previous = builder.route(self.service, title, self.pools(), without, places);
    }

    /// Each version's share is its share of the instances in the route.
    fn pools(&self) -> Vec<PlannedPool> {
        let total = self.old.len() + self.new.len();
        if total == 0 {
            return Vec::new();
        }
        let share = u16::try_from(self.new.len() * 10_000 / total).unwrap_or(10_000);
        let share = BasisPoints::new(share).unwrap_or(BasisPoints::FULL);
        let old = self
            .from
            .filter(|_| !self.old.is_empty())
            .map(|it| pool(&it.version, share.complement(), &self.old));
        let new = (!self.new.is_empty()).then(|| pool(&self.to.version, share, &self.new));
        old.into_iter().chain(new).collect()
    }
}

fn listed(hosts: &[Name]) -> String {
    hosts.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}
