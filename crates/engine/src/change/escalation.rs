//! Reminders and escalations: what happens by itself when nobody answers in time.
//!
//! Both are recorded once. An escalation adds people, or a board, whose word is as good; it never takes a seat away.

use jiff::Timestamp;
use shipway_model::event::Body;

use super::standing::{Standing, standing};
use super::{Case, Requirement};
use crate::board::{self, Decided, Tally};
use crate::{Rollout, State};

/// One thing that is due at an instant.
struct Due {
    at: Timestamp,
    rule: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reminder,
    Escalation,
}

/// The next event that is due for a rollout that waits for words.
pub(crate) fn event(state: &State, rollout: &Rollout, now: Timestamp) -> Option<Body> {
    let case = state.changes.of(rollout.id)?;
    let standing = standing(state, case, now);
    let (id, first) = (case.id, dues(case, &standing).min_by_key(|it| it.at)?);
    let Due { at: due, rule, kind } = first;
    (due <= now).then_some(match kind {
        Kind::Reminder => Body::ChangeReminded { id, rule, due },
        Kind::Escalation => Body::ChangeEscalated { id, rule, due },
    })
}

/// When something is due next.
pub(super) fn next(case: &Case, standing: &Standing) -> Option<Timestamp> {
    dues(case, standing).map(|it| it.at).min()
}

/// What was not recorded yet, of everything that nobody has answered.
fn dues<'a>(case: &'a Case, standing: &'a Standing) -> impl Iterator<Item = Due> + 'a {
    let rules = standing.requirements.iter().filter(|it| !it.is_satisfied()).flat_map(of_rule);
    let boards = standing.boards.iter().flat_map(of_board);
    rules.chain(boards).filter(|it| match it.kind {
        Kind::Reminder => !case.reminded.contains_key(&it.rule) && !case.is_escalated(&it.rule),
        Kind::Escalation => !case.is_escalated(&it.rule),
    })
}

fn of_rule(requirement: &Requirement) -> impl Iterator<Item = Due> + '_ {
    let due = |kind| move |at| Due { at, rule: requirement.name.clone(), kind };
    let reminder = requirement.reminds.map(due(Kind::Reminder));
    reminder.into_iter().chain(requirement.escalates.map(due(Kind::Escalation)))
}

/// Of a board and of those that decide beside it. What was voted down was decided.
fn of_board(tally: &Tally) -> Vec<Due> {
    let mut found = Vec::new();
    let mut next = Some(tally);
    while let Some(tally) = next {
        let is_open = !tally.is_carried() && tally.decided != Decided::VotedDown;
        let rule = board::rule_name(&tally.board);
        found.extend(tally.escalates.filter(|_| is_open).map(|at| Due { at, rule, kind: Kind::Escalation }));
        next = tally.instead.as_deref();
    }
    found
}
