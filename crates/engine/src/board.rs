//! Review boards: which changes each sees, how its members have voted, and what that decides.
//!
//! A vote is an approval whose statement names the board: it is signed, bound to what was shown, and falls like one.
//! Nothing that is decided here is stored; it follows from the votes each time, so that a vote that no longer counts
//! stops counting by itself.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::resource::board::Sight;
use shipway_model::resource::{Board, Kind, Spec};

use crate::change::class::{Ground, Is};
use crate::change::{Case, key, standing};
use crate::{Release, State};

mod condition;
mod material;
pub mod minutes;
pub mod record;
pub mod sitting;
mod tally;

pub(crate) use condition::meet;
pub use condition::{Condition, Met};
pub use material::Lack;
pub(crate) use tally::tally;
pub use tally::{Decided, Tally, Vote};

/// Escalations that are followed from one board to the next.
const ESCALATIONS_MAX: usize = 8;

/// A board and the revisions of it that judge a change: the one that held when the release was put together and the one
/// that holds now. What either asks for is asked for, so that no edit loosens what judges a change under way.
pub(crate) struct Bench<'a> {
    pub(crate) name: &'a Name,
    /// The one that holds now comes last.
    pub(crate) revisions: Vec<&'a Board>,
}

impl<'a> Bench<'a> {
    pub(crate) fn of(state: &'a State, name: &Name, since: Timestamp) -> Option<Self> {
        let key = key(Kind::Board, name);
        let (known, current) = state.catalogue.entry(&key)?;
        let first = state.changes.revisions(&key, since).first().map(|it| it.digest);
        let first = first.and_then(|it| state.catalogue.revision(&it));
        let mut revisions: Vec<&Board> = Vec::new();
        for resource in first.into_iter().chain([current]) {
            if let Spec::Board(board) = &resource.spec
                && !revisions.contains(&board)
            {
                revisions.push(board);
            }
        }
        (!revisions.is_empty()).then_some(Self { name: &known.name, revisions })
    }

    pub(crate) fn current(&self) -> &'a Board {
        self.revisions.last().expect("a bench has a revision")
    }

    fn sees(&self, ground: &Ground<'_>, case: &Case) -> bool {
        let is_seen = |it: &Sight| it.classes.contains(&case.change.class) && ground.is(&it.when) != Is::No;
        self.revisions.iter().flat_map(|it| &it.sees).any(is_seen)
    }
}

/// The boards whose decision a change waits for, in the order of their names.
pub(crate) fn seeing<'a>(state: &'a State, case: &Case, ground: &Ground<'_>) -> Vec<Bench<'a>> {
    let since = release(state, case).map_or(case.opened, |it| it.created);
    let boards = state.catalogue.of_kind(Kind::Board);
    boards
        .filter_map(|(key, _)| Bench::of(state, &key.name, since))
        .filter(|it| it.sees(ground, case))
        .collect()
}

/// The boards that may vote on a change: those that see it, and those to which one of them has escalated.
pub(crate) fn voting<'a>(state: &'a State, case: &Case) -> Vec<Bench<'a>> {
    let Some(ground) = standing::ground_of(state, case) else { return Vec::new() };
    let since = release(state, case).map_or(case.opened, |it| it.created);
    let mut found = seeing(state, case, &ground);
    let mut idx = 0;
    while idx < found.len() && idx < ESCALATIONS_MAX {
        if let Some(to) = escalated_to(case, &found[idx])
            && found.iter().all(|it| it.name != to)
            && let Some(next) = Bench::of(state, to, since)
        {
            found.push(next);
        }
        idx += 1;
    }
    found
}

/// The board that decides beside this one, once it has been escalated.
fn escalated_to<'a>(case: &Case, bench: &Bench<'a>) -> Option<&'a Name> {
    let escalation = bench.current().escalation.as_ref()?;
    case.is_escalated(&rule_name(bench.name)).then_some(&escalation.to)
}

/// How reminders and escalations name a board among the rules of a change.
pub(crate) fn rule_name(board: &Name) -> String {
    format!("board {board}")
}

/// How far each board is with the change; empty once its plan is no longer at hand, or when no board sees it.
pub fn tallies(state: &State, case: &Case, now: Timestamp) -> Vec<Tally> {
    standing::standing(state, case, now).boards
}

/// Who sits on a board: each person once, whatever their names.
pub(crate) fn members(state: &State, board: &Board) -> BTreeSet<String> {
    let of_teams = board.teams.iter().filter_map(|it| state.catalogue.team(it)).flat_map(|it| &it.members);
    let mut found: BTreeSet<String> = BTreeSet::new();
    for member in board.members.iter().chain(of_teams) {
        if !found.iter().any(|it| state.access.is_same_person(it, member)) {
            found.insert(member.clone());
        }
    }
    found
}

pub(crate) fn release<'a>(state: &'a State, case: &Case) -> Option<&'a Release> {
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    state.releases.get(summary.release.id)
}

/// One change as a board looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point<'a> {
    pub case: &'a Case,
    pub tally: Tally,
}

/// What waits for boards, or for one of them: the riskiest first, and of the same risk what was asked for first.
pub fn agenda<'a>(state: &'a State, board: Option<&Name>, now: Timestamp) -> Vec<Point<'a>> {
    let waiting = state.changes.iter().filter(|case| {
        let summary = state.rollouts.summaries.get(&case.change.rollout);
        summary.is_some_and(|it| it.started.is_none() && it.ended.is_none())
    });
    let mut points: Vec<Point<'a>> = waiting
        .flat_map(|case| {
            let tallies = tallies(state, case, now).into_iter().flat_map(Tally::with_instead);
            tallies.map(move |tally| Point { case, tally })
        })
        .filter(|it| board.is_none_or(|wanted| it.tally.board == *wanted))
        .collect();
    let place = |it: &Point<'_>| (std::cmp::Reverse(it.case.change.risk.score), it.case.opened, it.case.id);
    points.sort_by(|one, other| place(one).cmp(&place(other)).then(one.tally.board.cmp(&other.tally.board)));
    points
}
