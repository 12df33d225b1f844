//! What a departure would take.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_api::Code;
use shipway_api::operations::train::PlanTrain;
use shipway_api::view::train::{CoachView, ManifestView, MovedView, PromiseView};
use shipway_engine::State;
use shipway_engine::catalogue::graph;
use shipway_engine::schedule::{Setting, Wanted, gather, schedule, under_way};
use shipway_engine::train::place::place;
use shipway_engine::train::{departures, known, manifest};
use shipway_model::Name;
use shipway_model::resource::Train;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::routes::schedule::make;

pub(super) async fn handle(it: Incoming<PlanTrain>) -> Outcome<PlanTrain> {
    let now = it.now();
    let name = &it.path.train;
    let departure = next(&it)?;
    let fits = super::fits(&it.app, name, departure, now).await?;
    let state = it.state();
    let train = known(&state, name)?;
    let manifest = manifest(&state, name, train, departure, &fits, now);
    let releases = manifest.coaches.iter().map(|it| it.release).collect();
    let environments = vec![train.environment.clone()];
    let legs = gather(&state, &Wanted { releases, environments, from: departure, dates: BTreeMap::new() })?;
    let rules: Vec<_> = state.calendars.rules().cloned().collect();
    let (graph, others) = (graph::graph(&state.catalogue), under_way(&state, now));
    let setting = Setting { rules: &rules, graph: &graph, others: &others, now, by: None };
    let fates = schedule(&legs, &setting);
    Ok(ManifestView {
        train: name.clone(),
        environment: manifest.environment,
        departure,
        boarding_ends: manifest.boarding_ends,
        coaches: manifest
            .coaches
            .into_iter()
            .map(|it| CoachView {
                release: it.release,
                title: it.title,
                services: it.services,
                risk: it.risk,
            })
            .collect(),
        left: manifest.left,
        moved: train.services.iter().filter_map(|it| moved(&state, name, train, it, now)).collect(),
        promises: manifest
            .open
            .into_iter()
            .map(|it| PromiseView {
                name: it.name,
                vendor: it.vendor,
                what: it.what,
                by: it.by,
                expected: it.expected,
            })
            .collect(),
        legs: legs.iter().zip(fates).map(|(leg, fate)| make::view(leg, fate, &legs)).collect(),
    })
}

fn next(it: &Incoming<PlanTrain>) -> Result<Timestamp, Failure> {
    let (state, name) = (it.state(), &it.path.train);
    let train = known(&state, name)?;
    departures(name, train, it.query.from.unwrap_or(it.now())).into_iter().next().ok_or_else(|| {
        Failure::new(Code::UnknownTrain, format!("train {name} does not leave within a year"))
            .hint("`shipway get train` shows its timetable")
    })
}

/// A member that a vendor keeps from the next departure.
fn moved(state: &State, name: &Name, train: &Train, service: &Name, now: Timestamp) -> Option<MovedView> {
    let place = place(state, name, train, service, now);
    Some(MovedView { service: service.clone(), to: place.departure, why: place.why? })
}
