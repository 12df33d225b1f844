//! What gets in the way of what is under way: the conflicts of every rollout that waits or runs, as the core finds them.

use shipway_engine::State;
use shipway_engine::calendar::conflict::{Change, Surroundings, conflicts};
use shipway_engine::catalogue::graph;
use shipway_engine::rollout::closing;
use shipway_engine::schedule;
use shipway_model::effect::Direction;

use crate::access::sight::Sight;
use crate::pages::moment::{Clock, Moment};
use crate::pages::prose::Prose;

/// Rollouts that are looked at, the newest first; a site with more of them at once has other worries.
const ROLLOUTS_MAX: usize = 20;

pub(super) struct Clash {
    pub(super) kind: &'static str,
    pub(super) what: String,
    pub(super) path: String,
    pub(super) with: String,
    pub(super) why: Prose,
    pub(super) from: Moment,
    /// When it can be without any.
    pub(super) next: Option<Moment>,
}

/// Of each pair of rollouts, both sides are told: what is a dependency for one is a dependant of the other.
pub(super) fn all(state: &State, sight: &Sight<'_>, clock: &Clock) -> Vec<Clash> {
    let live = state.rollouts.live.values().rev().filter(|it| !it.has_ended() && sight.rollout(it.id));
    let live: Vec<_> = live.take(ROLLOUTS_MAX).collect();
    if live.is_empty() {
        return Vec::new();
    }
    let (graph, timeline) = (graph::graph(&state.catalogue), state.calendars.timeline(clock.now));
    let changes: Vec<Change> = live.iter().map(|it| schedule::change(state, &it.plan, clock.now)).collect();
    let mut found = Vec::new();
    for (idx, (rollout, change)) in live.iter().zip(&changes).enumerate() {
        let others: Vec<Change> =
            changes.iter().enumerate().filter(|it| it.0 != idx).map(|it| it.1.clone()).collect();
        let subjects = closing::subjects(state, &rollout.plan, Direction::Do);
        let lifts = state.calendars.exceptions.lifts(&subjects, Some(&rollout.plan.release.name));
        let around = Surroundings {
            others: &others,
            graph: &graph,
            timeline: &timeline,
            lifts: &lifts,
            subjects: &subjects,
        };
        found.extend(conflicts(change, &around).into_iter().map(|it| Clash {
            kind: it.kind.as_str(),
            what: change.title.clone(),
            path: format!("/rollouts/{}", rollout.id),
            with: it.with,
            why: clock.prose(&it.why),
            from: clock.moment(it.overlap.from),
            next: it.next.map(|it| clock.full(it.from)),
        }));
    }
    found
}
