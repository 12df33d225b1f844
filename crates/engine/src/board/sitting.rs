//! When boards meet next, who is there then, and what comes up.
//!
//! Nothing waits for a meeting. It is for people, who want to know which one is worth going to: the next at which enough of them
//! work.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::resource::calendar::RuleKind;
use shipway_model::resource::{Board, Kind, Spec};
use shipway_model::{ChangeId, Name};

use super::{agenda, members};
use crate::State;
use crate::calendar::{later, meeting};

/// Meetings of one board that are told.
const SITTINGS_MAX: usize = 4;

/// One meeting of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitting {
    pub board: Name,
    pub at: Timestamp,
    /// Where, for people.
    pub place: String,
    /// Different people who sit on the board.
    pub members: u32,
    /// Those whose hours it is in and who are not away by any calendar.
    pub there: BTreeSet<String>,
    /// Whether so many of them are a quorum.
    pub is_quorate: bool,
    /// What waits for the board and comes up then: the riskiest first. All of it, at the first meeting with a quorum.
    pub changes: Vec<ChangeId>,
}

/// The next meetings of a board, or of all boards, the first one first.
pub fn sittings(state: &State, wanted: Option<&Name>, now: Timestamp) -> Vec<Sitting> {
    let boards = state.catalogue.of_kind(Kind::Board).filter_map(|(key, resource)| match &resource.spec {
        Spec::Board(board) => Some((&key.name, board)),
        _ => None,
    });
    let wanted = boards.filter(|(name, _)| wanted.is_none_or(|it| it == *name));
    let mut found: Vec<Sitting> =
        wanted.flat_map(|(name, board)| of_board(state, name, board, now)).collect();
    found.sort_by(|one, other| (one.at, &one.board).cmp(&(other.at, &other.board)));
    found
}

fn of_board(state: &State, name: &Name, board: &Board, now: Timestamp) -> Vec<Sitting> {
    let Some(meets) = &board.meets else { return Vec::new() };
    let all = members(state, board);
    let n_members = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let mut waiting: Option<Vec<ChangeId>> =
        Some(agenda(state, Some(name), now).into_iter().map(|it| it.case.id).collect());
    let mut found = Vec::new();
    for at in meeting::meetings(name, meets, now) {
        let there: BTreeSet<String> = all.iter().filter(|it| is_there(state, it, at)).cloned().collect();
        let is_quorate = board.quorum.is_met(u32::try_from(there.len()).unwrap_or(u32::MAX), n_members);
        // Later ones are of use only until one has a quorum.
        let has_room = found.len() < SITTINGS_MAX;
        let takes = is_quorate && waiting.is_some();
        if has_room || takes {
            let changes = if takes { waiting.take().unwrap_or_default() } else { Vec::new() };
            let (board, place) = (name.clone(), meets.place.clone());
            found.push(Sitting { board, at, place, members: n_members, there, is_quorate, changes });
        }
        if !has_room && waiting.is_none() {
            break;
        }
    }
    found
}

/// Whether somebody works then, and no calendar says that they are away.
fn is_there(state: &State, member: &str, at: Timestamp) -> bool {
    let works = state.hours_of(member).opens(at) == Some(at);
    let away = || {
        let timeline = state.calendars.timeline(at);
        let until = later(at, SignedDuration::from_secs(1));
        timeline.overlapping(at, until).any(|(rule, _)| {
            let people = &rule.declared.people;
            rule.declared.kind == RuleKind::Deny
                && people.iter().any(|it| state.access.is_same_person(it, member))
        })
    };
    works && !away()
}
