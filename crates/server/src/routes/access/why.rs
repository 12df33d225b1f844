//! Showing how an answer about access comes about.

use shipway_api::Code;
use shipway_api::operations::access::WhyAccess;

use crate::access::authorise::{Asker, explain};
use crate::incoming::{Incoming, Outcome};
use crate::problem::{Failure, shown};

pub(super) async fn handle(it: Incoming<WhyAccess>) -> Outcome<WhyAccess> {
    super::check_action(&it.query.action)?;
    let (state, now) = (it.state(), it.now());
    let decide = it.app.rules.of(&state);
    let subject = super::subject(&state, &it.query);
    let wanted = &it.query.principal;
    let mut answers = Vec::new();
    for (name, _, asker) in Asker::everybody(&state, now) {
        if name == *wanted || asker.actor == *wanted {
            for answer in explain(&state, &decide, &asker, &it.query.action, &subject, now) {
                if !answers.contains(&answer) {
                    answers.push(answer);
                }
            }
        }
    }
    if answers.is_empty() {
        let detail =
            format!("nobody acts under `{}`: no valid token and no open account has the name", shown(wanted));
        return Err(Failure::new(Code::UnknownAccount, detail));
    }
    Ok(answers)
}
