//! Signing in with a token, and out again.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::csrf::Sent;
use super::document::{self, Area, Frame};
use super::session::{COOKIE_NAME, SESSION_MAX, cookie, may_read};
use crate::access::{Bearer, Caller};
use crate::app::App;
use crate::problem;
use crate::problem::Failure;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    fault: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    token: String,
}

/// The form, for whoever is not signed in.
pub(super) fn form() -> Response {
    refuse(StatusCode::UNAUTHORIZED, None)
}

fn refuse(status: StatusCode, fault: Option<&str>) -> Response {
    let content = SignIn { fault }.render().expect("texts take everything");
    document::page(status, &Frame { title: "Sign in", area: Area::Aside, reader: None }, &content)
}

pub(super) async fn handle(
    State(app): State<App>,
    form: Result<Form<Credentials>, FormRejection>,
) -> Response {
    if let Err(error) = app.runtime.catch_up().await {
        return Failure::from(error).into_response();
    }
    let now = app.runtime.clock().now();
    let bearer = form.ok().and_then(|Form(it)| Bearer::parse(it.token.trim()));
    let caller = bearer.and_then(|bearer| bearer.caller(&app.runtime.state(), now));
    let Some(caller) = caller.filter(|it: &Caller| may_read(it).is_ok()) else {
        return refuse(StatusCode::UNAUTHORIZED, Some("This is no token that is valid for reading."));
    };
    let secret = app.runtime.random_secret();
    if let Err(error) = app.sessions.open(&secret, caller.token, now) {
        return problem::internal(&error).into_response();
    }
    let seconds = SESSION_MAX.as_secs();
    to_home(format!("{COOKIE_NAME}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}"))
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
