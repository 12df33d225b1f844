//! Listing who could do something.

use jiff::Timestamp;
use shipway_api::Page;
use shipway_api::operations::access::{WhoCan, WhoCanQuery};
use shipway_api::view::access::Able;
use shipway_engine::State;

use crate::access::authorise::{Asker, explain};
use crate::access::rules::Decide;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<WhoCan>) -> Outcome<WhoCan> {
    let state = it.state();
    let items = who_can(&state, &it.app.rules.of(&state), &it.query, it.now())?;
    Ok(Page { items, next: None })
}

/// Everybody who could do it at `now`, and by which policies.
///
/// # Errors
/// When there is no such operation.
pub(crate) fn who_can(
    state: &State,
    decide: &Decide,
    query: &WhoCanQuery,
    now: Timestamp,
) -> Result<Vec<Able>, Failure> {
    super::check_action(&query.action)?;
    let subject = super::subject(state, query);
    let mut able: Vec<Able> = Vec::new();
    for (name, role, asker) in Asker::everybody(state, now) {
        let answers = explain(state, decide, &asker, &query.action, &subject, now);
        if !answers.iter().all(|it| it.ruling.allowed || it.grant.is_some()) {
            continue;
        }
        let person = state.access.person(&asker.actor).cloned();
        let kind = answers[0].question.principal.kind;
        let because = answers[0].ruling.because.clone();
        let grant = answers.iter().find_map(|it| it.grant);
        let found = Able { name, kind, person, role, because, grant };
        if !able.contains(&found) {
            able.push(found);
        }
    }
    Ok(able)
}
