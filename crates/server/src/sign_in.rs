//! Signing in by name and password: what a browser's form and `shipway login` have in common.
//!
//! A sign-in gives a token of the account, which expires, and which ends when the account is closed or its password
//! changes. Passwords are kept beside the ledger, as hashes in files of their own: the ledger is copied, exported and shown,
//! and a hash in it could be tried offline by whoever reads it, for ever.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::SignedDuration;
use shipway_api::Code;
use shipway_engine::Command;
use shipway_engine::access::AccountState;
use shipway_model::AccountId;
use shipway_runtime::{Submission, SubmitError};

use crate::access::Bearer;
use crate::app::App;
use crate::problem::{Failure, shown};

pub(crate) mod attempts;
pub(crate) mod hand_over;
pub(crate) mod oidc;
pub(crate) mod password;

use attempts::Wait;

/// How long a sign-in lasts at most.
pub(crate) const SIGN_IN_MAX: SignedDuration = SignedDuration::from_hours(12);

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The account that has this name and password.
///
/// # Errors
/// The same for a name that is not there, a closed account and a wrong password, in the same time: whoever guesses learns
/// nothing. After several failures, how long to wait.
pub(crate) async fn by_password(
    app: &App,
    name: &str,
    password: &str,
    peer: Option<Peer>,
) -> Result<AccountState, Failure> {
    let now = app.runtime.clock().now();
    let address = peer.map(|it| it.0);
    match app.attempts.begin(name, address, now) {
        Ok(()) => {}
        Err(wait) => {
            if wait.is_new {
                record(app, name, address, &wait).await?;
            }
            return Err(too_many(&wait));
        }
    }
    let account = {
        let state = app.runtime.state();
        state.access.accounts.named(name).filter(|it| it.disabled.is_none()).cloned()
    };
    let is_right = app.passwords.verify(account.as_ref().map(|it| it.id), password).await;
    match account.filter(|_| is_right) {
        Some(account) => {
            app.attempts.succeed(name, address);
            Ok(account)
        }
        None => Err(Failure::new(Code::Unauthenticated, "no account has this name and password")
            .hint("an admin gives a new password with `shipway user password`")),
    }
}

/// Gives the account a token under the id of `bearer`, for as long as a sign-in lasts.
/// `groups` are those that the identity provider named, of a sign-in through one.
pub(crate) async fn give_token(
    app: &App,
    account: &AccountState,
    groups: Option<&BTreeSet<String>>,
    bearer: &Bearer,
) -> Result<(), SubmitError> {
    let expires = app.runtime.clock().now().saturating_add(SIGN_IN_MAX).expect("hours can be added");
    let command = Command::IssueToken {
        id: bearer.id(),
        name: account.account.name.clone(),
        role: account.account.role,
        secret_digest: bearer.secret_digest(),
        expires: Some(expires),
        scope: None,
        account: Some(account.id),
        groups: groups.cloned().unwrap_or_default(),
        provider: groups.is_some(),
    };
    submit(app, &account.account.name, command).await
}

/// Has the new password hold from now on. The hash is written before the event, so that a failure between the two leaves
/// the account to be changed again rather than open by a password that was to end.
pub(crate) async fn set_password(
    app: &App,
    id: AccountId,
    actor: &str,
    password: &str,
) -> Result<(), Failure> {
    app.passwords.set(id, password, app.runtime.random_secret().as_bytes()).await?;
    Ok(submit(app, actor, Command::SetPassword { id }).await?)
}

async fn submit(app: &App, actor: &str, command: Command) -> Result<(), SubmitError> {
    let actor = actor.to_owned();
    app.runtime.submit(Submission { actor, key: None, command, generation: None }).await.map(drop)
}

/// Once for each time that somebody runs into the wall, not for each attempt: the ledger must not grow by guessing.
async fn record(app: &App, name: &str, address: Option<IpAddr>, wait: &Wait) -> Result<(), SubmitError> {
    let from = address.map_or_else(|| "an unknown address".to_owned(), |it| it.to_string());
    let name: String = shown(name).chars().take(100).collect();
    let reason = format!("{} sign-ins in a row have failed, the last as `{name}` from {from}", wait.n_failed);
    let (operation, resource) = ("signIn".to_owned(), "ControlPlane shipway".to_owned());
    submit(app, shipway_runtime::ACTOR, Command::RecordRefusal { operation, resource, reason }).await
}

fn too_many(wait: &Wait) -> Failure {
    let seconds = wait.seconds.max(1);
    let detail = format!("too many sign-ins have failed: the next one is taken in {seconds} s");
    Failure::new(Code::TooManyAttempts, detail).hint("wait that long; trying sooner does not help")
}
