//! Signing in through an OpenID Connect provider: there, and back again.

use std::collections::BTreeSet;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{HeaderValue, LOCATION, REFRESH, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shipway_engine::Command;
use shipway_engine::access::AccountState;
use shipway_model::Digest;
use shipway_runtime::Submission;

use super::document::{self, Area, Frame};
use super::session::named_cookie;
use super::sign_in::refuse;
use crate::access::Bearer;
use crate::app::App;
use crate::problem::{self, Failure};
use crate::sign_in::hand_over::{SignedIn as HandedOver, Terminal};
use crate::sign_in::oidc::{Claimed, Oidc, PENDING_MAX};
use crate::sign_in::{self, Peer};

/// Which sign-in this browser has begun. It comes back from another site, so it is `Lax`.
const COOKIE_NAME: &str = "shipway_oidc";

#[derive(Template)]
#[template(source = "<p>Signed in. <a href=\"/\">Go on</a></p>", ext = "html")]
struct SignedIn {}

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    /// What the provider says instead of a code.
    #[serde(default)]
    error: String,
}

/// What a command line adds that waits for the answer.
#[derive(Deserialize)]
pub(super) struct Begun {
    port: Option<u16>,
    challenge: Option<Digest>,
    #[serde(default)]
    state: String,
}

pub(super) async fn begin(State(app): State<App>, begun: Result<Query<Begun>, QueryRejection>) -> Response {
    let Some(oidc) = &app.oidc else { return none() };
    let terminal = match begun {
        Ok(Query(Begun { port: None, challenge: None, .. })) => None,
        Ok(Query(Begun { port: Some(port), challenge: Some(challenge), state })) => {
            match Terminal::new(port, challenge, state) {
                Some(terminal) => Some(terminal),
                None => return astray(),
            }
        }
        Ok(_) | Err(_) => return astray(),
    };
    match oidc.begin(&app.runtime, terminal).await {
        Ok((url, state)) => {
            let seconds = PENDING_MAX.as_secs();
            let cookie = format!(
                "{COOKIE_NAME}={state}; HttpOnly; SameSite=Lax; Path=/sign-in/oidc; Max-Age={seconds}"
            );
            (StatusCode::SEE_OTHER, [(LOCATION, url), (SET_COOKIE, cookie)]).into_response()
        }
        Err(fault) => refuse(StatusCode::BAD_GATEWAY, true, Some(&format!("{fault}."))),
    }
}

pub(super) async fn finish(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Response {
    let Some(oidc) = &app.oidc else { return none() };
    if let Err(error) = app.runtime.catch_up().await {
        return Failure::from(error).into_response();
    }
    let address = peer.map(|Extension(it)| it.0);
    // Failures count by where they come from, so that they can be recorded without the ledger growing by them.
    let counted =
        address.map_or_else(|| "openid connect".to_owned(), |it| format!("openid connect from {it}"));
    if let Err(wait) = app.attempts.begin(&counted, address, app.runtime.clock().now()) {
        let fault =
            format!("Too many sign-ins have failed: the next one is taken in {} s.", wait.seconds.max(1));
        return refuse(StatusCode::TOO_MANY_REQUESTS, true, Some(&fault));
    }
    // Only of the browser that has begun it, as the sign-in itself.
    let is_own = named_cookie(&headers, COOKIE_NAME).is_some_and(|it| it == answer.state);
    let terminal = oidc.terminal(&answer.state).filter(|_| is_own);
    match sign_in(&app, oidc, &headers, answer).await {
        Ok((account, groups)) => {
            app.attempts.succeed(&counted, address);
            match terminal {
                Some(terminal) => hand_over(&app, &terminal, HandedOver { account, groups }),
                None => open_session(&app, &account, &groups, &headers).await,
            }
        }
        Err(reason) => {
            if let Err(error) = record(&app, reason.clone()).await {
                return error.into_response();
            }
            if let Some(terminal) = terminal {
                return (StatusCode::SEE_OTHER, [(LOCATION, terminal.refused())]).into_response();
            }
            refuse(StatusCode::UNAUTHORIZED, true, Some(&format!("{reason}.")))
        }
    }
}

async fn sign_in(
    app: &App,
    oidc: &Oidc,
    headers: &HeaderMap,
    answer: Answer,
) -> Result<(AccountState, BTreeSet<String>), String> {
    if !answer.error.is_empty() {
        return Err(format!("the provider refused: {}", problem::shown(&answer.error)));
    }
    if named_cookie(headers, COOKIE_NAME).is_none_or(|it| it != answer.state) {
        return Err("the answer is not for a sign-in that this browser has begun".to_owned());
    }
    let claimed = oidc.finish(&answer.state, answer.code, app.runtime.clock().now()).await;
    let claimed = claimed.map_err(|fault| fault.to_string())?;
    let mut account = account(app, &claimed)?;
    if let Some(role) = oidc.role(&claimed.groups) {
        account.account.role = role;
    }
    Ok((account, claimed.groups))
}

/// The open account of the declared Person whom the provider means, by subject or by verified address.
fn account(app: &App, claimed: &Claimed) -> Result<AccountState, String> {
    let state = app.runtime.state();
    let people = &state.access.people;
    let of_email = || people.of_email(claimed.email.as_deref()?);
    let person = people.of_subject(&claimed.issuer, &claimed.subject).or_else(of_email);
    let Some(person) = person else {
        let subject = problem::shown(&claimed.subject);
        return Err(format!("no Person is declared with the subject `{}#{subject}`", claimed.issuer));
    };
    let is_theirs =
        |it: &&AccountState| it.disabled.is_none() && state.access.person(&it.account.name) == Some(person);
    let found = state.access.accounts.iter().find(is_theirs).cloned();
    found.ok_or_else(|| format!("{person} has no open account here"))
}

/// Sends the browser to the command line that waits on its machine. No session is opened: the sign-in is that one's.
fn hand_over(app: &App, terminal: &Terminal, signed_in: HandedOver) -> Response {
    let code = app.runtime.random_secret();
    app.handovers.lay(&code, terminal, signed_in, app.runtime.clock().now());
    (StatusCode::SEE_OTHER, [(LOCATION, terminal.address(&code))]).into_response()
}

async fn open_session(
    app: &App,
    account: &AccountState,
    groups: &BTreeSet<String>,
    headers: &HeaderMap,
) -> Response {
    let bearer = Bearer::new(app.runtime.new_token_id(), &app.runtime.random_secret());
    if let Err(error) = sign_in::give_token(app, account, Some(groups), &bearer).await {
        return Failure::from(error).into_response();
    }
    let cookie = match super::sign_in::open_session(app, bearer.id(), headers) {
        Ok(cookie) => cookie,
        Err(failure) => return failure.into_response(),
    };
    let content = SignedIn {}.render().expect("it is a constant");
    let frame = Frame { title: "Signed in", area: Area::Aside, reader: None };
    let mut response = document::page(StatusCode::OK, &frame, &content);
    // A redirect would be part of the way from the provider, on which browsers leave a strict cookie behind.
    response.headers_mut().insert(REFRESH, HeaderValue::from_static("0; url=/"));
    response.headers_mut().insert(SET_COOKIE, cookie.parse().expect("a cookie of plain characters"));
    response
}

async fn record(app: &App, reason: String) -> Result<(), Failure> {
    let reason = reason.chars().take(500).map(|it| if it.is_control() { ' ' } else { it }).collect();
    let (operation, resource) = ("signIn".to_owned(), "ControlPlane shipway".to_owned());
    let command = Command::RecordRefusal { operation, resource, reason };
    let actor = shipway_runtime::ACTOR.to_owned();
    app.runtime.submit(Submission { actor, key: None, command, generation: None }).await?;
    Ok(())
}

fn astray() -> Response {
    let fault = "The address is not one that `shipway login --oidc` prints: run it again.";
    refuse(StatusCode::BAD_REQUEST, true, Some(fault))
}

fn none() -> Response {
    refuse(StatusCode::NOT_FOUND, false, Some("This control plane knows no identity provider."))
}
