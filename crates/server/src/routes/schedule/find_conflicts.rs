//! What a rollout would meet.

use std::collections::BTreeMap;

use shipway_api::operations::schedule::FindConflicts;
use shipway_api::view::schedule::{ConflictView, ConflictsView};
use shipway_engine::calendar::conflict::{Conflict, Surroundings, conflicts};
use shipway_engine::catalogue::graph;
use shipway_engine::schedule::{Wanted, gather, under_way};

use super::slot;
use crate::incoming::{Incoming, Outcome};
use crate::routes::release;

pub(super) async fn handle(it: Incoming<FindConflicts>) -> Outcome<FindConflicts> {
    let (state, now) = (it.state(), it.now());
    let release = release::find(&state, &it.body.release)?.id;
    let from = it.body.at.unwrap_or(now);
    let environments = vec![it.body.environment.clone()];
    let wanted = Wanted { releases: vec![release], environments, from, dates: BTreeMap::new() };
    let leg = gather(&state, &wanted)?.remove(0);
    let (graph, others) = (graph::graph(&state.catalogue), under_way(&state, now));
    let timeline = state.calendars.timeline(from);
    let around = Surroundings {
        others: &others,
        graph: &graph,
        timeline: &timeline,
        lifts: &leg.lifts,
        subjects: &leg.subjects,
    };
    let found = conflicts(&leg.change, &around);
    let next = found.iter().find_map(|it| it.next).map(slot);
    let conflicts = found.into_iter().map(view).collect();
    Ok(ConflictsView {
        title: leg.change.title,
        from: leg.change.from,
        until: leg.change.until,
        conflicts,
        next,
    })
}

fn view(of: Conflict) -> ConflictView {
    ConflictView { kind: of.kind.as_str().to_owned(), with: of.with, why: of.why, overlap: slot(of.overlap) }
}
