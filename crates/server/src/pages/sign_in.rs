//! Signing in with a name and a password, or with a token, and out again.

use askama::Template;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use shipway_model::TokenId;

use super::csrf::Sent;
use super::document::{self, Area, Frame};
use super::session::{COOKIE_NAME, SESSION_MAX, cookie, may_read};
use crate::access::{Bearer, Caller};
use crate::app::App;
use crate::problem;
use crate::problem::Failure;
use crate::sign_in::{self, Peer};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    /// Whether people may sign in through an identity provider.
    has_provider: bool,
    fault: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    token: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    password: String,
}

/// The form, for whoever is not signed in.
pub(super) fn form(has_provider: bool) -> Response {
    refuse(StatusCode::UNAUTHORIZED, has_provider, None)
}

pub(super) fn refuse(status: StatusCode, has_provider: bool, fault: Option<&str>) -> Response {
    let content = SignIn { has_provider, fault }.render().expect("texts take everything");
    document::page(status, &Frame { title: "Sign in", area: Area::Aside, reader: None }, &content)
}

pub(super) async fn handle(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    form: Result<Form<Credentials>, FormRejection>,
) -> Response {
    if let Err(error) = app.runtime.catch_up().await {
        return Failure::from(error).into_response();
    }
    let Ok(Form(form)) = form else {
        return refuse(StatusCode::BAD_REQUEST, app.oidc.is_some(), Some("The form cannot be read."));
    };
    let token = match form.account.is_empty() {
        true => by_token(&app, form.token.trim()),
        false => by_account(&app, &form, peer.map(|Extension(it)| it)).await,
    };
    let token = match token {
        Ok(token) => token,
        Err((status, fault)) => return refuse(status, app.oidc.is_some(), Some(&fault)),
    };
    match open_session(&app, token, &headers) {
        Ok(cookie) => to_home(cookie),
        Err(failure) => failure.into_response(),
    }
}

/// Opens a session for the token, and gives its cookie. Whatever cookie came with the request stands for nobody any more: a
/// session that somebody else has planted or seen is not the one that goes on.
pub(super) fn open_session(app: &App, token: TokenId, headers: &HeaderMap) -> Result<String, Failure> {
    if let Some(earlier) = cookie(headers) {
        app.sessions.close(&earlier);
    }
    let secret = app.runtime.random_secret();
    let opened = app.sessions.open(&secret, token, app.runtime.clock().now());
    opened.map_err(|error| problem::internal(&error))?;
    let seconds = SESSION_MAX.as_secs();
    Ok(format!("{COOKIE_NAME}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}"))
}

fn by_token(app: &App, token: &str) -> Result<TokenId, (StatusCode, String)> {
    let caller =
        Bearer::parse(token).and_then(|it| it.caller(&app.runtime.state(), app.runtime.clock().now()));
    let caller = caller.filter(|it: &Caller| may_read(it).is_ok());
    let fault = || (StatusCode::UNAUTHORIZED, "This is no token that is valid for reading.".to_owned());
    Ok(caller.ok_or_else(fault)?.token)
}

async fn by_account(
    app: &App,
    form: &Credentials,
    peer: Option<Peer>,
) -> Result<TokenId, (StatusCode, String)> {
    let refused = |failure: Failure| (failure.status(), format!("{}.", failure.detail()));
    let account =
        sign_in::by_password(app, form.account.trim(), &form.password, peer).await.map_err(refused)?;
    if account.must_change_password() {
        let fault = "This password was given to you: choose your own first, with `shipway login`.";
        return Err((StatusCode::FORBIDDEN, fault.to_owned()));
    }
    let bearer = Bearer::new(app.runtime.new_token_id(), &app.runtime.random_secret());
    sign_in::give_token(app, &account, None, &bearer).await.map_err(|error| refused(error.into()))?;
    Ok(bearer.id())
}

pub(super) async fn end(State(app): State<App>, headers: HeaderMap, _: Sent) -> Response {
    if let Some(secret) = cookie(&headers) {
        app.sessions.close(&secret);
    }
    to_home(format!("{COOKIE_NAME}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"))
}

fn to_home(cookie: String) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)]).into_response()
}
