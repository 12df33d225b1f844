//! The earliest feasible times.

use std::collections::BTreeMap;

use shipway_api::operations::schedule::MakeSchedule;
use shipway_api::view::schedule::{LegView, ObstacleKind, ObstacleView, ScheduleView, SlotView};
use shipway_engine::catalogue::graph;
use shipway_engine::schedule::{self, Dates, Fate, Leg, Obstacle, Setting, Wanted, gather, under_way};
use shipway_model::{Millis, ReleaseId};

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;

pub(super) async fn handle(it: Incoming<MakeSchedule>) -> Outcome<MakeSchedule> {
    let (state, now) = (it.state(), it.now());
    let mut releases = Vec::with_capacity(it.body.releases.len());
    for selector in &it.body.releases {
        releases.push(release::find(&state, selector)?.id);
    }
    let mut dates: BTreeMap<ReleaseId, Dates> = BTreeMap::new();
    for said in &it.body.dates {
        let own = dates.entry(release::find(&state, &said.release)?.id).or_default();
        own.wanted = own.wanted.max(said.wanted);
        own.latest = own.latest.into_iter().chain(said.latest).min();
    }
    let from = it.body.from.unwrap_or(now).max(now);
    let environments = it.body.environments.clone();
    let legs = gather(&state, &Wanted { releases, environments, from, dates })?;
    let rules: Vec<_> = state.calendars.rules().cloned().collect();
    let (graph, others) = (graph::graph(&state.catalogue), under_way(&state, now));
    let setting = Setting { rules: &rules, graph: &graph, others: &others, now, by: it.body.by };
    let fates = schedule::schedule(&legs, &setting);
    Ok(ScheduleView {
        from,
        by: it.body.by,
        feasible: fates.iter().all(|it| matches!(it, Fate::Fits { .. })),
        legs: legs.iter().zip(fates).map(|(leg, fate)| view(leg, fate, &legs)).collect(),
    })
}

pub(in crate::routes) fn view(leg: &Leg, fate: Fate, legs: &[Leg]) -> LegView {
    let mut view = LegView {
        title: leg.change.title.clone(),
        environment: leg.environment().clone(),
        services: leg.change.services.iter().cloned().collect(),
        takes: Millis(u64::try_from(leg.length().as_millis()).unwrap_or(0)),
        slot: None,
        waits: Vec::new(),
        obstacles: Vec::new(),
        behind: None,
    };
    match fate {
        Fate::Fits { from, until, waits } => {
            view.slot = Some(SlotView { from, until: Some(until) });
            view.waits = waits;
        }
        Fate::Impossible(obstacles) => view.obstacles = obstacles.into_iter().map(obstacle).collect(),
        Fate::Behind(idx) => view.behind = Some(legs[idx].change.title.clone()),
    }
    view
}

fn obstacle(of: Obstacle) -> ObstacleView {
    use shipway_engine::schedule::ObstacleKind as Kind;
    let kind = match of.kind {
        Kind::Calendar => ObstacleKind::Calendar,
        Kind::Order => ObstacleKind::Order,
        Kind::Change => ObstacleKind::Change,
        Kind::Hours => ObstacleKind::Hours,
        Kind::Deadline => ObstacleKind::Deadline,
        Kind::Environment => ObstacleKind::Environment,
    };
    ObstacleView { kind, with: of.with, why: of.why }
}
