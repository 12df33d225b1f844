//! Putting together what a person signs.

use jiff::Timestamp;
use shipway_api::operations::change::{Draft, DraftApproval, Intent};
use shipway_engine::{Case, State, change, key};
use shipway_model::approval::{Domain, Statement};

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<DraftApproval>) -> Outcome<DraftApproval> {
    let state = it.app.runtime.state();
    let id = it.path.change;
    let case = super::find(&state, id)?;
    let nonce = it.app.runtime.new_nonce();
    draft(&state, case, &it.body, it.now(), nonce).ok_or_else(|| super::forgotten(id))
}

/// What stands now, as a signature names it; None once the rollout is forgotten.
pub(crate) fn draft(
    state: &State,
    case: &Case,
    intent: &Intent,
    now: Timestamp,
    nonce: String,
) -> Option<Draft> {
    let shown = change::standing::shown(state, case)?;
    let statement = Statement {
        board: intent.board.clone(),
        change: case.id,
        class: shown.class,
        conditions: intent.conditions.clone(),
        decision: intent.decision,
        domain: Domain::Approval,
        environment: shown.environment,
        evidence: shown.evidence,
        expires: intent.expires,
        issued: now,
        key: intent.key,
        nonce,
        plan: shown.plan,
        policy: shown.policy,
        release: shown.release,
        window: intent.window,
    };
    let bytes = statement.bytes();
    let challenge = key::passkey::challenge(&bytes);
    Some(Draft { statement, text: String::from_utf8(bytes).expect("JSON is text"), challenge })
}
