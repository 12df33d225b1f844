//! What a departure would take.

use shipway_api::Code;
use shipway_api::operations::train::PlanTrain;
use shipway_api::view::train::{CoachView, ManifestView, PromiseView};
use shipway_engine::catalogue::graph;
use shipway_engine::schedule::{Setting, Wanted, gather, schedule, under_way};
use shipway_engine::train::{departures, known, manifest};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::routes::schedule::make;

pub(super) async fn handle(it: Incoming<PlanTrain>) -> Outcome<PlanTrain> {
    let (state, now) = (it.state(), it.now());
    let name = &it.path.train;
    let train = known(&state, name)?;
    let Some(departure) = departures(name, train, it.query.from.unwrap_or(now)).into_iter().next() else {
        return Err(Failure::new(Code::UnknownTrain, format!("train {name} does not leave within a year"))
            .hint("`shipway get train` shows its timetable"));
    };
    let manifest = manifest(&state, name, train, departure, now);
    let releases = manifest.coaches.iter().map(|it| it.release).collect();
    let environments = vec![train.environment.clone()];
    let legs = gather(&state, &Wanted { releases, environments, from: departure })?;
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
        promises: manifest
            .open
            .into_iter()
            .map(|it| PromiseView { name: it.name, vendor: it.vendor, what: it.what, by: it.by })
            .collect(),
        legs: legs.iter().zip(fates).map(|(leg, fate)| make::view(leg, fate, &legs)).collect(),
    })
}
