//! Which version of each service stands where.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_engine::State;
use shipway_engine::environment::parity;
use shipway_model::Name;
use shipway_model::resource::Kind;

use super::bookings;
use super::document::{Area, Motion};
use super::moment::Clock;
use super::now::places;
use super::visit::{Asked, Shown, Visit};
use crate::access::sight::Sight;

/// Columns and rows of one page.
const PLACES_MAX: usize = 10;
const SERVICES_MAX: usize = 60;

#[derive(Template)]
#[template(path = "environments.html")]
struct Matrix {
    places: Vec<Place>,
    rows: Vec<Row>,
    q: String,
    n_places: usize,
    n_services: usize,
    next_place: Option<String>,
    next_service: Option<String>,
    is_first: bool,
}

struct Place {
    name: String,
    from: String,
    /// Things that no order put there.
    n_strays: usize,
    /// Traits in which it is not like the one that releases come from.
    n_differences: usize,
    /// The team that has booked it now.
    booked_by: Option<String>,
}

struct Row {
    service: String,
    cells: Vec<Option<Cell>>,
}

struct Cell {
    version: String,
    since: String,
    /// Another version than where it is promoted from.
    behind: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    /// Part of a service's or an environment's name.
    q: String,
    /// The last environment and the last service of the page before.
    place: String,
    service: String,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), asked, &visit.clock);
        Shown { title: "Environments".into(), area: Area::Environments, motion: Motion::Live, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: Filter, clock: &Clock) -> Matrix {
    let mut all = places(state);
    all.retain(|it| sight.environment(it));
    let shipped = state.environments.iter().flat_map(|(_, it)| it.services.keys());
    let declared =
        state.catalogue.iter().filter(|(key, _)| key.kind == Kind::Service).map(|(key, _)| &key.name);
    let services: BTreeSet<&Name> = shipped.chain(declared).filter(|it| sight.service(it)).collect();
    let (n_places, n_services) = (all.len(), services.len());
    let found = |name: &Name| name.as_str().contains(&asked.q);
    // A part of a name that is found among environments chooses columns; otherwise it chooses rows.
    let by_place = !asked.q.is_empty() && all.iter().any(|it| found(it));
    let after = all.iter().position(|it| it.as_str() == asked.place).map_or(0, |it| it + 1);
    let mut places: Vec<&Name> = all.into_iter().skip(after).filter(|it| !by_place || found(it)).collect();
    let mut rows: Vec<&Name> = services
        .into_iter()
        .filter(|it| it.as_str() > asked.service.as_str() && (by_place || found(it)))
        .collect();
    let next_place = next(&mut places, PLACES_MAX);
    let next_service = next(&mut rows, SERVICES_MAX);
    let cell = |place: &Name, service: &Name| {
        let it = state.environments.get(place)?.services.get(service)?;
        let from = state.catalogue.environment(place).and_then(|it| it.promotes_from);
        let before = from.and_then(|from| state.environments.get(&from)?.services.get(service));
        Some(Cell {
            version: it.deployed.version.to_string(),
            since: clock.age(it.since),
            behind: before.is_some_and(|before| before.deployed.artifact != it.deployed.artifact),
        })
    };
    Matrix {
        rows: rows
            .iter()
            .map(|service| Row {
                service: service.to_string(),
                cells: places.iter().map(|place| cell(place, service)).collect(),
            })
            .collect(),
        places: places.iter().map(|name| place(state, name, clock)).collect(),
        n_places,
        n_services,
        next_place,
        next_service,
        is_first: asked.place.is_empty() && asked.service.is_empty(),
        q: asked.q,
    }
}

fn place(state: &State, name: &Name, clock: &Clock) -> Place {
    let from = state.catalogue.environment(name).and_then(|it| it.promotes_from);
    let differences = from.as_ref().and_then(|from| parity::differences(state, from, name));
    let booked = bookings::of(state, name, clock).into_iter().find(|(_, it)| it.from <= clock.now);
    Place {
        name: name.to_string(),
        n_strays: state.strays.iter().filter(|(_, it, _)| it.environment == *name).count(),
        n_differences: differences.map_or(0, |it| it.len()),
        booked_by: booked.map(|(_, it)| it.team.to_string()),
        from: from.map(|it| it.to_string()).unwrap_or_default(),
    }
}

/// Cuts the list, and says after which name it goes on.
fn next(names: &mut Vec<&Name>, max: usize) -> Option<String> {
    let more = names.len() > max;
    names.truncate(max);
    names.last().filter(|_| more).map(ToString::to_string)
}
