//! Reviews and what follows from them: who owes one, and what waits until it is held.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::{Body, End, Event};
use shipway_model::release::Class;
use shipway_model::resource::Kind;
use shipway_model::review::Review;
use shipway_model::{ChangeId, Name};

use crate::change::{Case, key, owner, policy, services};
use crate::{Code, Context, Rejection, State, runbook};

/// A review that was held.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    pub review: Review,
    pub by: String,
    pub at: Timestamp,
    /// Actions that are done, and since when.
    pub done: BTreeMap<Name, Timestamp>,
}

/// A review that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    pub change: ChangeId,
    /// What happened, as the end of a sentence, for example `was taken back`.
    pub why: &'static str,
    pub since: Timestamp,
    pub due: Timestamp,
}

impl Held {
    pub(crate) fn new(review: &Review, event: &Event) -> Self {
        let review = review.clone();
        Self { review, by: event.actor.clone(), at: event.at, done: BTreeMap::new() }
    }

    /// Actions that are not done and should be.
    pub fn overdue(&self, now: Timestamp) -> impl Iterator<Item = &shipway_model::review::Action> {
        self.review.actions.iter().filter(move |it| it.due <= now && !self.done.contains_key(&it.name))
    }
}

/// The review that the end of a change owes and nobody has held yet.
pub fn debt(state: &State, case: &Case) -> Option<Debt> {
    if case.review.is_some() {
        return None;
    }
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    let since = summary.ended?;
    summary.started?;
    let why = match summary.end.as_ref()? {
        End::RolledBack {} => "was taken back",
        End::Aborted { .. } => "was stopped on the way",
        End::Succeeded { .. } if case.change.class == Class::Emergency => "was an emergency",
        End::Succeeded { .. } | End::Cancelled { .. } => return None,
    };
    let within = policy::of_case(state, case).current().review_within;
    let due =
        since.checked_add(SignedDuration::from_millis(within.0.cast_signed())).unwrap_or(Timestamp::MAX);
    Some(Debt { change: case.id, why, since, due })
}

/// Reviews and actions for which a change has to wait, in sentences. A normal or major change waits for every review that
/// its services owe; a standard one for those that are overdue.
pub(crate) fn against(state: &State, case: &Case, now: Timestamp) -> Vec<String> {
    let own = services(state, case);
    let owners: BTreeSet<&Name> = own.iter().filter_map(|it| owner(state, it)).collect();
    let mut found = Vec::new();
    for other in state.changes.iter().filter(|it| it.id != case.id) {
        if let Some(debt) = debt(state, other)
            && !services(state, other).is_disjoint(&own)
            && (case.change.class != Class::Standard || debt.due <= now)
        {
            found.push(format!("{} {} and has not been reviewed: due {}", debt.change, debt.why, debt.due));
        }
        let overdue = other.review.iter().flat_map(|it| it.overdue(now));
        for action in overdue.filter(|it| owners.contains(&it.owner)) {
            found.push(format!(
                "{} owes the action {} of {} since {}",
                action.owner, action.name, other.id, action.due
            ));
        }
    }
    found
}

/// Reviews and actions that are overdue and were not told of yet.
pub fn overdue(state: &State, now: Timestamp) -> Vec<Body> {
    let of_case = |case: &Case| {
        let id = case.id;
        let owed = debt(state, case).filter(|it| it.due <= now).map(|it| (None, it.due));
        let actions = case.review.iter().flat_map(|it| it.overdue(now));
        let all = owed.into_iter().chain(actions.map(|it| (Some(it.name.clone()), it.due)));
        let untold = all.filter(|(action, _)| !case.overdue.contains(action));
        untold.map(|(action, due)| Body::ReviewOverdue { id, action, due }).collect::<Vec<_>>()
    };
    state.changes.iter().flat_map(of_case).collect()
}

pub(crate) fn hold(
    state: &State,
    id: ChangeId,
    review: &Review,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let case = state.changes.known(id)?;
    for text in [&review.summary, &review.causes] {
        crate::decide::text(text)?;
    }
    if debt(state, case).is_none() {
        let why = if case.review.is_some() { "its review was held" } else { "it owes no review" };
        return Err(Rejection::new(Code::WrongPhase, format!("{id}: {why}"))
            .hint("`shipway review list` shows what is owed"));
    }
    let invalid = |message: String| Err(Rejection::new(Code::InvalidReview, message));
    if review.summary.trim().is_empty() {
        return invalid("a review says what happened".to_owned());
    }
    let mut names = BTreeSet::new();
    for action in &review.actions {
        if !names.insert(&action.name) {
            return invalid(format!("two actions are called {}", action.name));
        }
        if state.catalogue.get(&key(Kind::Team, &action.owner)).is_none() {
            return invalid(format!(
                "the action {} is owed by {}, and there is no such Team",
                action.name, action.owner
            ));
        }
    }
    let outdated = runbook::outdated_by_review(state, &review.runbooks, case, ctx)?;
    Ok(std::iter::once(Body::ReviewHeld { id, review: review.clone() }).chain(outdated).collect())
}

pub(crate) fn finish(state: &State, id: ChangeId, action: &Name, note: &str) -> Result<Vec<Body>, Rejection> {
    let case = state.changes.known(id)?;
    let held = case.review.as_ref();
    let Some(held) = held.filter(|it| it.review.actions.iter().any(|it| it.name == *action)) else {
        return Err(Rejection::new(Code::InvalidReview, format!("no review of {id} has an action {action}"))
            .hint("`shipway review list` shows the actions"));
    };
    if held.done.contains_key(action) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::ActionDone { id, action: action.clone(), note: note.to_owned() }])
}
