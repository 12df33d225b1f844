//! Issuing a token.

use std::collections::BTreeSet;

use shipway_api::Code;
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_api::view::token::IssuedToken;
use shipway_engine::Command;
use shipway_model::Name;
use shipway_model::event::{Body, Role};
use shipway_runtime::Receipt;

use crate::access::Bearer;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

/// The longest name of a holder, in bytes.
const NAME_BYTES_MAX: usize = 100;

pub(super) async fn handle(it: Incoming<IssueToken>) -> Outcome<IssueToken> {
    check_name(&it.body)?;
    let runtime = &it.app.runtime;
    let bearer = Bearer::new(runtime.new_token_id(), &runtime.random_secret());
    let receipt = it
        .submit(Command::IssueToken {
            id: bearer.id(),
            name: it.body.name.clone(),
            role: it.body.role,
            secret_digest: bearer.secret_digest(),
            expires: it.body.expires,
            scope: it.body.scope.clone(),
            account: None,
            groups: BTreeSet::new(),
            provider: false,
        })
        .await?;
    if receipt.repeated {
        return Err(shown_before(&receipt));
    }
    let state = runtime.state();
    let token = state.access.get(bearer.id()).expect("it was committed just now");
    Ok(IssuedToken { token: super::view(token), secret: bearer.reveal() })
}

/// Events carry the name: it must not pass for somebody else's kind of name.
fn check_name(new: &NewToken) -> Result<(), Failure> {
    let name = &new.name;
    let taken = name == shipway_runtime::ACTOR || name.starts_with("agent:");
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || taken {
        let detail = "a token's name has 1 to 100 bytes, and is neither `shipway` nor begins with `agent:`";
        return Err(Failure::new(Code::InvalidRequest, detail));
    }
    match new.role {
        Role::Agent => {
            let valid = name.parse::<Name>().map(drop);
            valid.map_err(|error| {
                Failure::new(Code::InvalidRequest, error.to_string())
                    .hint("an agent's token is named after its host")
            })
        }
        Role::Viewer | Role::Builder | Role::Operator | Role::Admin | Role::Approver | Role::Auditor => {
            Ok(())
        }
    }
}

fn shown_before(receipt: &Receipt) -> Failure {
    let issued = receipt.events.iter().find_map(|event| match &event.body {
        Body::TokenIssued { id, .. } => Some(id.to_string()),
        _ => None,
    });
    let id = issued.unwrap_or_default();
    Failure::new(Code::SecretShown, format!("the secret of {id} was in the first answer and is kept nowhere"))
        .hint(format!("revoke it with `shipway token revoke {id}`, and issue another one"))
}
