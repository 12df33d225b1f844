//! Changes and reviews.

use jiff::Timestamp;
use shipway_api::view::change::{ChangeView, DelegationView, KeyView, RequirementView, ReviewView, WordView};
use shipway_engine::board::record;
use shipway_engine::change::{self, Requirement, Word};
use shipway_engine::{Case, Delegation, Key, State, review as reviews};

/// None only when the rollout was never queued.
pub(crate) fn view(state: &State, case: &Case, now: Timestamp) -> Option<ChangeView> {
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    let standing = change::standing(state, case, now);
    let word = |it: &Word| WordView {
        by: it.by.clone(),
        at: it.at,
        approval: it.approval.clone(),
        void: standing
            .void
            .iter()
            .find(|(word, _)| *word == it.approval.statement.nonce)
            .map(|it| it.1.clone()),
    };
    Some(ChangeView {
        id: case.id,
        change: case.change.clone(),
        release: summary.release.clone(),
        environment: summary.environment.clone(),
        requested_by: case.requested_by.clone(),
        opened: case.opened,
        words: case.words.iter().map(word).collect(),
        state: standing.state,
        against: standing.against,
        requirements: standing.requirements.iter().map(|it| requirement(case, it)).collect(),
        boards: standing.boards.iter().map(super::board::tally).collect(),
        record: super::board::record(record::record(state, case, now)),
        shown: change::standing::shown(state, case),
        review: review(state, case, now),
    })
}

fn requirement(case: &Case, it: &Requirement) -> RequirementView {
    RequirementView {
        name: it.name.clone(),
        needed: it.needed,
        given: it.given.iter().map(|(who, seat)| spoken(who, seat)).collect(),
        can: it.can.iter().cloned().collect(),
        satisfied: it.is_satisfied(),
        gates: it.gates.clone(),
        escalates: it.escalates,
        escalated: case.escalated.contains_key(&it.name),
    }
}

fn spoken(who: &str, seat: &str) -> String {
    if who == seat { who.to_owned() } else { format!("{who} for {seat}") }
}

/// None where nothing is owed and nothing was held.
pub(crate) fn review(state: &State, case: &Case, now: Timestamp) -> Option<ReviewView> {
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    let mut view = ReviewView {
        change: case.id,
        release: summary.release.clone(),
        environment: summary.environment.clone(),
        standing: String::new(),
        why: String::new(),
        due: None,
        held_by: None,
        held: None,
        review: None,
        done: Vec::new(),
    };
    match &case.review {
        Some(held) => {
            let open = held.review.actions.iter().any(|it| !held.done.contains_key(&it.name));
            let overdue = held.overdue(now).next().is_some();
            view.standing = if overdue {
                "overdue"
            } else if open {
                "held"
            } else {
                "closed"
            }
            .to_owned();
            view.held_by = Some(held.by.clone());
            view.held = Some(held.at);
            view.review = Some(held.review.clone());
            view.done = held.done.keys().cloned().collect();
        }
        None => {
            let debt = reviews::debt(state, case)?;
            view.standing = if debt.due <= now { "overdue" } else { "owed" }.to_owned();
            view.why = debt.why.to_owned();
            view.due = Some(debt.due);
        }
    }
    Some(view)
}

pub(crate) fn key(it: &Key) -> KeyView {
    KeyView {
        key: it.key.clone(),
        owner: it.owner.clone(),
        registered: it.registered,
        revoked: it.revoked.as_ref().map(|it| it.at),
        revoked_since: it.revoked.as_ref().map(|it| it.since),
    }
}

pub(crate) fn delegation(it: &Delegation, now: Timestamp) -> DelegationView {
    DelegationView {
        from: it.from.clone(),
        to: it.to.clone(),
        granted: it.granted,
        until: it.until,
        reason: it.reason.clone(),
        holds: it.holds_at(now),
    }
}
