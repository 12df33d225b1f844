//! What stands before a release in one environment: gates with what they miss, its risk, what could hold it up, and the
//! waivers that speak for it.

use askama::Template;
use askama::filters::HtmlSafe;
use shipway_engine::{Release, State, change, gate, plan};
use shipway_model::Name;

use crate::pages::gates::{self, Gates};
use crate::pages::moment::{Clock, Moment};
use crate::pages::plan::stops;
use crate::pages::prose::Prose;
use crate::pages::risk::Risk;
use crate::pages::visit::Visit;

#[derive(Template)]
#[template(path = "outlook.html")]
pub(super) struct Outlook {
    selector: String,
    /// Each with whether it is the one that is looked at.
    places: Vec<(String, bool)>,
    gates: Option<Gates>,
    /// Why the gates could not be asked.
    unasked: Option<String>,
    risk: Option<Risk>,
    /// Why there is no plan, and so no risk of it.
    unplanned: Option<String>,
    stops: Vec<Prose>,
    waivers: Vec<Waived>,
}

impl HtmlSafe for Outlook {}

struct Waived {
    standing: &'static str,
    what: String,
    reason: String,
    owner: String,
    until: Moment,
}

/// Into the environment that is asked for, or the first into which it has not come.
pub(super) async fn of(visit: &Visit, text: &str, places: &[Name], asked: &str) -> Option<Outlook> {
    let (release, place) = {
        let state = visit.state();
        let release = super::named(&state, text).ok()?;
        let runs =
            |it: &&Name| release.sealed.as_ref().is_some_and(|sealed| runs_in(&state, it, &sealed.digest));
        let next = places.iter().find(|it| !runs(it)).or(places.last());
        (release.id, places.iter().find(|it| it.as_str() == asked).or(next)?.clone())
    };
    let gates = gates::explain(visit, release, &place).await;
    let state = visit.state();
    let release = state.releases.get(release)?;
    let plan = plan::make(&state, release.id, &place);
    let (gates, unasked) = match gates {
        Ok(gates) => (Some(gates), None),
        Err(failure) => (None, Some(failure.detail().to_owned())),
    };
    let named = |it: &Name| (it.to_string(), *it == place);
    Some(Outlook {
        selector: format!("{}@{}", release.bundle.name, release.bundle.version),
        places: places.iter().map(named).collect(),
        gates,
        unasked,
        risk: plan.as_ref().ok().map(|it| Risk::new(&change::assess(&state, it, visit.now()))),
        stops: plan.as_ref().map(|it| stops(&state, it, &visit.clock)).unwrap_or_default(),
        unplanned: plan.err().map(|it| it.message),
        waivers: waivers(&state, release, &place, &visit.clock),
    })
}

fn runs_in(state: &State, place: &Name, digest: &shipway_model::Digest) -> bool {
    let known = state.environments.get(place);
    known.is_some_and(|it| it.services.values().any(|shipped| shipped.release.digest == *digest))
}

/// Of the gates that are asked here, for any of its services; the newest first.
fn waivers(state: &State, release: &Release, place: &Name, clock: &Clock) -> Vec<Waived> {
    let asked = gate::policies(state, place).unwrap_or_default();
    let about = |it: &&shipway_engine::Grant| {
        let service = it.waiver.service.as_ref();
        asked.contains_key(&it.waiver.policy)
            && service.is_none_or(|it| release.bundle.parts.contains_key(it))
    };
    let mut found: Vec<_> = state.waivers.iter().filter(about).collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.requested));
    let waived = |it: &shipway_engine::Grant| Waived {
        standing: it.standing(clock.now),
        what: format!("{} of {}", it.waiver.gate, it.waiver.policy),
        reason: it.waiver.reason.clone(),
        owner: it.waiver.owner.clone(),
        until: clock.moment(it.waiver.expires),
    };
    found.into_iter().map(waived).collect()
}
