//! The first start: somebody must be able to begin.

use std::collections::BTreeSet;

use shipway_engine::Command;
use shipway_model::event::Role;
use shipway_runtime::{Runtime, Submission, SubmitError};

use crate::access::Bearer;

/// Issues an admin's token when there is no valid one, and gives it, to be shown once.
///
/// # Errors
/// When it cannot be recorded.
pub async fn ensure_admin_token(runtime: &Runtime) -> Result<Option<String>, SubmitError> {
    let now = runtime.clock().now();
    if runtime.state().access.tokens().any(|it| it.role == Role::Admin && it.is_valid(now)) {
        return Ok(None);
    }
    issue_admin_token(runtime).await.map(Some)
}

/// Issues another admin's token, for whoever may start the control plane and has lost the first.
///
/// # Errors
/// When it cannot be recorded.
pub async fn issue_admin_token(runtime: &Runtime) -> Result<String, SubmitError> {
    let bearer = Bearer::new(runtime.new_token_id(), &runtime.random_secret());
    let command = Command::IssueToken {
        id: bearer.id(),
        name: "admin".to_owned(),
        role: Role::Admin,
        secret_digest: bearer.secret_digest(),
        expires: None,
        scope: None,
        account: None,
        groups: BTreeSet::new(),
        provider: false,
    };
    let actor = shipway_runtime::ACTOR.to_owned();
    runtime.submit(Submission { actor, key: None, command, generation: None }).await?;
    Ok(bearer.reveal())
}
