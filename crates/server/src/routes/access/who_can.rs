//! Listing who could do something.

use shipway_api::Page;
use shipway_api::operations::access::WhoCan;
use shipway_api::view::access::Able;

use crate::access::authorise::{Asker, explain};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<WhoCan>) -> Outcome<WhoCan> {
    super::check_action(&it.query.action)?;
    let (state, now) = (it.state(), it.now());
    let decide = it.app.rules.of(&state);
    let subject = super::subject(&state, &it.query);
    let mut able: Vec<Able> = Vec::new();
    for (name, role, asker) in Asker::everybody(&state, now) {
        let answers = explain(&state, &decide, &asker, &it.query.action, &subject, now);
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
    Ok(Page { items: able, next: None })
}
