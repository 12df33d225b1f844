//! Who is signed in: a random cookie for each session, kept in memory, good for as long as its token is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use shipway_api::{Code, Permission};
use shipway_model::{Digest, TokenId};

use super::sign_in;
use crate::access::Caller;
use crate::app::App;
use crate::problem::Failure;

/// The cookie's name. Cookies do not tell ports apart, so it must not be the one by which the router, perhaps on the same
/// machine, keeps the sessions of services in place.
pub(super) const COOKIE_NAME: &str = "shipway_page";
/// A session ends after this, whatever happens.
pub(super) const SESSION_MAX: SignedDuration = SignedDuration::from_hours(12);
/// Sessions kept at once; the oldest gives way.
const SESSIONS_MAX: usize = 1000;

/// Digests of the cookies that are good, so that memory shows none of them.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<BTreeMap<Digest, Session>>,
}

#[derive(Clone, Copy)]
struct Session {
    token: TokenId,
    ends: Timestamp,
}

impl Sessions {
    /// Opens a session under `secret`.
    pub(super) fn open(&self, secret: &str, token: TokenId, now: Timestamp) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, it| now < it.ends);
        if open.len() >= SESSIONS_MAX
            && let Some(oldest) = open.iter().min_by_key(|(_, it)| it.ends).map(|(digest, _)| *digest)
        {
            open.remove(&oldest);
        }
        let ends = now.saturating_add(SESSION_MAX).expect("a duration of hours can be added");
        open.insert(Digest::of(secret.as_bytes()), Session { token, ends });
    }

    pub(super) fn close(&self, secret: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&Digest::of(secret.as_bytes()));
    }

    fn token(&self, secret: &str, now: Timestamp) -> Option<TokenId> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&Digest::of(secret.as_bytes())).filter(|it| now < it.ends).map(|it| it.token)
    }
}

/// Whoever is signed in. Everybody else is shown the form.
pub(super) struct SignedIn(pub(super) Caller);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        caller(app, parts).map(Self).ok_or_else(sign_in::form)
    }
}

fn caller(app: &App, parts: &Parts) -> Option<Caller> {
    let now = app.runtime.clock().now();
    let id = app.sessions.token(&cookie(parts)?, now)?;
    let state = app.runtime.state();
    let token = state.access.get(id).filter(|it| it.is_valid(now))?;
    let caller = Caller { token: id, name: token.name.clone(), role: token.role };
    may_read(&caller).is_ok().then_some(caller)
}

/// The session's secret, as the browser sends it.
pub(super) fn cookie(parts: &Parts) -> Option<String> {
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value.to_owned())
}

pub(super) fn may_read(caller: &Caller) -> Result<(), Failure> {
    if Permission::Viewer.allows(caller.role) {
        return Ok(());
    }
    Err(Failure::new(Code::Forbidden, "an agent's token does not open the pages"))
}
