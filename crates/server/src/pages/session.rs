//! Who is signed in: a random cookie for each session, good for as long as its token is and while it is used. Sessions
//! are small files under the digests of their cookies, so that every replica knows them, and none of them shows a cookie.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
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
/// A session that is not used for this long ends.
const IDLE_MAX: SignedDuration = SignedDuration::from_hours(2);
/// That it is used is written down at most this often.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Sessions kept at once; the oldest gives way.
const SESSIONS_MAX: usize = 1000;

pub(crate) struct Sessions {
    folder: PathBuf,
}

#[derive(Clone, Copy)]
struct Session {
    token: TokenId,
    ends: Timestamp,
    seen: Timestamp,
}

impl Sessions {
    /// Makes the folder if it is not there.
    pub(crate) fn open_in(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Opens a session under `secret`.
    pub(super) fn open(&self, secret: &str, token: TokenId, now: Timestamp) -> io::Result<()> {
        self.forget(now)?;
        let ends = now.saturating_add(SESSION_MAX).expect("a duration of hours can be added");
        Session { token, ends, seen: now }.write(&self.path(secret))
    }

    pub(super) fn close(&self, secret: &str) {
        if let Err(error) = fs::remove_file(self.path(secret))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a session was not closed");
        }
    }

    fn token(&self, secret: &str, now: Timestamp) -> Option<TokenId> {
        let path = self.path(secret);
        let session = Session::read(&path).filter(|it| it.is_open(now))?;
        if now.duration_since(session.seen) >= SEEN_EVERY
            && let Err(error) = (Session { seen: now, ..session }).write(&path)
        {
            tracing::warn!(%error, "a session's use was not written down");
        }
        Some(session.token)
    }

    /// Removes sessions that have ended, and the oldest when there are too many.
    fn forget(&self, now: Timestamp) -> io::Result<()> {
        let paths = fs::read_dir(&self.folder)?.flatten().map(|it| it.path());
        let mut kept = Vec::new();
        for path in paths {
            match Session::read(&path).filter(|it| it.is_open(now)) {
                Some(session) => kept.push((session.ends, path)),
                // Another replica may have been faster.
                None => drop(fs::remove_file(path)),
            }
        }
        if kept.len() >= SESSIONS_MAX
            && let Some((_, oldest)) = kept.iter().min()
        {
            drop(fs::remove_file(oldest));
        }
        Ok(())
    }

    fn path(&self, secret: &str) -> PathBuf {
        self.folder.join(Digest::of(secret.as_bytes()).hex())
    }
}

impl Session {
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut words = text.split(' ');
        let mut next = || words.next();
        let (token, ends) = (next()?.parse().ok()?, next()?.parse().ok()?);
        Some(Self { token, ends, seen: next()?.parse().ok()? })
    }

    /// At once, so that nobody who asks meanwhile finds half of it. Several may write: any of them will do.
    fn write(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension(format!("{:?}", std::thread::current().id()));
        fs::write(&beside, format!("{} {} {}", self.token, self.ends, self.seen))?;
        fs::rename(&beside, path)
    }

    fn is_open(&self, now: Timestamp) -> bool {
        now < self.ends && now.duration_since(self.seen) < IDLE_MAX
    }
}

/// Whoever is signed in. Everybody else is shown the form.
pub(super) struct SignedIn(pub(super) Caller);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        app.runtime.catch_up().await.map_err(|error| Failure::from(error).into_response())?;
        caller(app, parts).map(Self).ok_or_else(|| sign_in::form(app.oidc.is_some()))
    }
}

fn caller(app: &App, parts: &Parts) -> Option<Caller> {
    let now = app.runtime.clock().now();
    let id = app.sessions.token(&cookie(&parts.headers)?, now)?;
    let state = app.runtime.state();
    let token = state.access.get(id).filter(|it| it.is_valid(now))?;
    let caller = Caller { token: id, name: token.name.clone(), role: token.role };
    may_read(&caller).is_ok().then_some(caller)
}

/// The session's secret, as the browser sends it.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    named_cookie(headers, COOKIE_NAME)
}

pub(super) fn named_cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

pub(super) fn may_read(caller: &Caller) -> Result<(), Failure> {
    if Permission::Viewer.allows(caller.role) {
        return Ok(());
    }
    Err(Failure::new(Code::Forbidden, "an agent's token does not open the pages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_unused_and_at_the_latest_after_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open_in(folder.path()).unwrap();
        let token: TokenId = "tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap();
        let at = |minutes: i64| Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap();
        sessions.open("unused", token, at(0)).unwrap();
        assert_eq!(sessions.token("unused", at(119)), Some(token));
        sessions.open("idle", token, at(0)).unwrap();
        assert_eq!(sessions.token("idle", at(120)), None);
        for minutes in (0..720).step_by(60) {
            assert_eq!(sessions.token("unused", at(119 + minutes).min(at(719))), Some(token), "{minutes}");
        }
        assert_eq!(sessions.token("unused", at(720)), None, "however often it is used");
        assert_eq!(sessions.token("guess", at(0)), None);
    }
}
