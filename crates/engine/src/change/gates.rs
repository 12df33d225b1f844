//! Gates that have to pass before a word counts.
//!
//! Gates are asked outside of the core: when somebody gives a word that waits for them, whoever knows the gates asks them
//! first, and what they say is noted with the change. It counts for as long as the policies that were asked stand, and
//! until the time comes at which it may change by itself. New evidence voids the word anyway.

use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::ChangeId;
use shipway_model::event::{Body, CONTROL_PLANE};
use shipway_model::gate::{Decision, Requirement};
use shipway_model::resource::change_policy::ApprovalRule;

use super::{Case, standing};
use crate::{Code, Context, Rejection, State, gate};

/// Whether some rule of the change waits for gates.
pub fn are_asked(state: &State, case: &Case) -> bool {
    standing::with_rules(state, case, |rules| rules.iter().any(|it| !it.after_gates.is_empty()))
}

/// The gates of a rule that do not pass, each with how it stands.
pub(super) fn closed(state: &State, case: &Case, rule: &ApprovalRule, now: Timestamp) -> Vec<String> {
    if rule.after_gates.is_empty() {
        return Vec::new();
    }
    let noted = case.gates.as_ref().map(|it| &*it.decision).filter(|it| still_stands(state, it, now));
    let Some(decision) = noted else {
        return rule.after_gates.iter().map(|it| format!("{it} was not asked")).collect();
    };
    let how = |gate: &shipway_model::Name| {
        let mut of_gate = decision.requirements.iter().filter(|it| it.gate == *gate).peekable();
        match of_gate.peek() {
            None => Some(format!("{gate} is in no policy of the environment")),
            Some(_) => of_gate.find(|it| !it.status.passes()).map(said),
        }
    };
    rule.after_gates.iter().filter_map(how).collect()
}

fn said(it: &Requirement) -> String {
    let of = it.service.as_ref().map_or(String::new(), |it| format!(" of {it}"));
    format!("{}{of} is {}", it.gate, it.status.as_str())
}

/// Edited policies ask something else, and time changes some answers.
fn still_stands(state: &State, decision: &Decision, now: Timestamp) -> bool {
    let policies = gate::policies(state, &decision.environment);
    policies.is_ok_and(|it| it == decision.policies) && decision.stands_until().is_none_or(|it| now < it)
}

/// # Errors
/// When every rule by which somebody is asked waits for gates that do not pass.
pub(super) fn check(
    state: &State,
    case: &Case,
    asked: &[ApprovalRule],
    now: Timestamp,
) -> Result<(), Rejection> {
    let mut faults: Vec<String> = Vec::new();
    for rule in asked {
        let closed = closed(state, case, rule, now);
        if closed.is_empty() {
            return Ok(());
        }
        faults.extend(closed.into_iter().map(|it| format!("{}: {it}", rule.name)));
    }
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let explain = summary.map(|it| {
        format!("shipway explain {}@{} --env {}", it.release.name, it.release.version, it.environment)
    });
    let next = explain.unwrap_or_else(|| format!("shipway change show {}", case.id));
    Err(Rejection::new(Code::GatesFirst, format!("no word counts for {} before its gates pass", case.id))
        .faults(faults)
        .hint(format!("`{next}` says what they miss, and who supplies it")))
}

/// Notes what gates say about a change. Nothing when they said the same before, on the same facts.
pub(crate) fn note(
    state: &State,
    id: ChangeId,
    decision: &Decision,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let case = state.changes.known(id)?;
    let invalid = |message: String| Err(Rejection::new(Code::InvalidReport, message));
    if ctx.actor != CONTROL_PLANE {
        return invalid(format!("what gates say about {id} is told by the control plane alone"));
    }
    let Some(rollout) = state.rollouts.live.get(&case.change.rollout) else { return Ok(Vec::new()) };
    if decision.release != rollout.plan.release || decision.environment != rollout.plan.environment {
        return invalid(format!("the decision is about something else than {id}"));
    }
    let result = decision.result();
    let known = case.gates.as_ref().map(|it| &*it.decision);
    let is_known = known.is_some_and(|it| {
        (it.result(), it.facts) == (result, decision.facts) && still_stands(state, it, ctx.now)
    });
    if is_known {
        return Ok(Vec::new());
    }
    Ok(vec![Body::GatesNoted { id, decision: Arc::new(decision.clone()), result }])
}
