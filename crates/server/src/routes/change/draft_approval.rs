//! Putting together what a person signs.

use shipway_api::operations::change::{Draft, DraftApproval};
use shipway_engine::{change, key};
use shipway_model::approval::{Domain, Statement};

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<DraftApproval>) -> Outcome<DraftApproval> {
    let state = it.app.runtime.state();
    let id = it.path.change;
    let case = super::find(&state, id)?;
    let shown = change::standing::shown(&state, case).ok_or_else(|| super::forgotten(id))?;
    let statement = Statement {
        board: it.body.board.clone(),
        change: id,
        class: shown.class,
        conditions: it.body.conditions.clone(),
        decision: it.body.decision,
        domain: Domain::Approval,
        environment: shown.environment,
        evidence: shown.evidence,
        expires: it.body.expires,
        issued: it.now(),
        key: it.body.key,
        nonce: it.app.runtime.new_nonce(),
        plan: shown.plan,
        policy: shown.policy,
        release: shown.release,
        window: it.body.window,
    };
    let bytes = statement.bytes();
    let challenge = key::passkey::challenge(&bytes);
    Ok(Draft { statement, text: String::from_utf8(bytes).expect("JSON is text"), challenge })
}
