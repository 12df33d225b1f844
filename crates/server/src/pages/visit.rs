//! One look at a page: who looks, from which zone, at which instant.

use std::borrow::Cow;
use std::convert::Infallible;
use std::hash::Hash;
use std::sync::OnceLock;

use askama::Template;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shipway_api::Code;
use shipway_model::TokenId;
use shipway_runtime::{Past, StateRef};

use super::alike::{Drawn, Instant, Key};
use super::csrf::Csrf;
use super::document::{self, Area, Frame, Ledger, Motion, Reader, Then};
use super::moment::Clock;
use super::press::Pressed;
use super::prose::Prose;
use super::reading;
use super::session::{self, SignedIn};
use crate::access::Caller;
use crate::access::sight::{Sight, committed};
use crate::app::App;
use crate::problem::Failure;

/// Set by the script from what the browser knows; without it, times are in UTC.
const ZONE_COOKIE: &str = "shipway_zone";
const AS_OF: &str = "asOf";

pub(super) struct Visit {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) clock: Clock,
    pub(super) csrf: Csrf,
    past: Option<Past>,
    /// As the browser names this control plane, with the port where it is not the usual one.
    pub(super) host: String,
    /// Path and query, the instant included.
    here: String,
    /// Whether the page is there already and asks for its content alone.
    is_part: bool,
}

/// What a page shows.
pub(super) struct Shown<'a, T> {
    pub(super) title: Cow<'a, str>,
    pub(super) area: Area,
    pub(super) motion: Motion,
    pub(super) content: T,
}

impl Visit {
    /// What is committed now, or was known then. Hold it briefly: the writer waits for the former to be let go.
    pub(super) fn state(&self) -> StateRef<'_> {
        self.app.state(self.past.as_ref())
    }

    /// What the reader sees of lists that are made of `state`, which is what [`Visit::state`] gave.
    pub(super) fn sight<'a>(&'a self, state: &'a StateRef<'_>) -> Sight<'a> {
        Sight::of(&self.app, &self.caller, committed(state))
    }

    /// Those who see lists as the reader does.
    pub(super) fn audience(&self) -> Option<TokenId> {
        self.sight(&self.state()).audience()
    }

    pub(super) fn past(&self) -> Option<&Past> {
        self.past.as_ref()
    }

    /// The instant for which the page is drawn.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now
    }

    /// How many events the ledger has, or had.
    pub(super) fn ledger_size(&self) -> u64 {
        self.past.as_ref().map_or_else(|| self.app.runtime.head().size, Past::size)
    }

    /// Whether something can be done from this page. Nothing is done in the past.
    pub(super) fn is_now(&self) -> bool {
        self.past.is_none()
    }

    /// Whether the page is there already and asks for a part of itself.
    pub(super) fn is_part(&self) -> bool {
        self.is_part
    }

    pub(super) fn show(&self, shown: &Shown<'_, impl Template>) -> Response {
        self.answer(StatusCode::OK, shown)
    }

    /// Why it cannot be shown or done, as a page.
    pub(super) fn refuse(&self, failure: &Failure) -> Response {
        let problem = failure.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content = Refusal {
            title: &problem.title,
            detail: self.clock.prose(&problem.detail),
            hint: problem.hint.as_deref().map(|it| self.clock.prose(it)),
            faults: problem.faults.iter().map(|it| self.clock.prose(&it.to_string())).collect(),
            code: &problem.code,
        };
        let title = problem.title.as_str().into();
        self.answer(status, &Shown { title, area: Area::Aside, motion: Motion::Still, content })
    }

    /// The same for content that follows from the address, the ledger, the clock and `audience` alone, and holds no form:
    /// readers who look at the same time are shown the same bytes.
    pub(super) fn show_alike<'a, T: Template>(
        &self,
        audience: &impl Hash,
        draw: impl FnOnce() -> Shown<'a, T>,
    ) -> Response {
        let Ok(response) = self.try_show_alike(audience, || Ok::<_, Infallible>(draw()));
        response
    }

    /// # Errors
    /// Those of `draw`.
    pub(super) fn try_show_alike<'a, T: Template, E>(
        &self,
        audience: &impl Hash,
        draw: impl FnOnce() -> Result<Shown<'a, T>, E>,
    ) -> Result<Response, E> {
        if !self.is_now() {
            return draw().map(|shown| self.show(&shown));
        }
        // Before anything is looked at: content may be newer than that, and is never older.
        let ledger = Ledger::from(self.app.runtime.head());
        let instant = Instant { size: ledger.size, second: self.now().as_second() };
        let key = Key::new(&self.here, self.clock.zone_name(), audience);
        let drawn = self.app.alike.content(instant, key, || draw().map(|it| it.drawn()))?;
        let reader = self.reader(drawn.motion, ledger);
        if self.is_part {
            let (text, pressed) = drawn.part.get_or_init(|| {
                let text = document::part(&reader, &drawn.content);
                let pressed = Pressed::of(text.as_bytes());
                (text.into(), pressed)
            });
            let mut response = document::html(StatusCode::OK, text.clone());
            response.extensions_mut().insert(pressed.clone());
            return Ok(response);
        }
        let frame = Frame { title: &drawn.title, area: drawn.area, reader: Some(reader) };
        Ok(document::page(StatusCode::OK, &frame, &drawn.content))
    }

    fn answer(&self, status: StatusCode, shown: &Shown<'_, impl Template>) -> Response {
        let mut content = shown.content.render().expect("texts take everything");
        let ledger = match &self.past {
            Some(past) => {
                Ledger { size: past.size(), whole: self.app.runtime.head().size, root: past.root().short() }
            }
            None => self.app.runtime.head().into(),
        };
        let query = self.past.as_ref().map(|it| format!("{AS_OF}={}", it.at()));
        if let Some(query) = &query {
            content = document::carry(&content, query);
        }
        // The past does not move.
        let reader = self.reader(if self.is_now() { shown.motion } else { Motion::Still }, ledger);
        if self.is_part {
            return document::html(status, document::part(&reader, &content));
        }
        let frame = Frame { title: &shown.title, area: shown.area, reader: Some(reader) };
        document::page(status, &frame, &content)
    }

    fn reader(&self, motion: Motion, ledger: Ledger) -> Reader<'_> {
        Reader {
            name: &self.caller.name,
            csrf: self.csrf.as_str(),
            zone: self.clock.zone_name(),
            here: &self.here,
            motion,
            ledger,
            past: self.past.as_ref().map(|it| Then { at: self.clock.full(it.at()) }),
        }
    }
}

impl<T: Template> Shown<'_, T> {
    fn drawn(self) -> Drawn {
        Drawn {
            title: self.title.into_owned(),
            area: self.area,
            motion: self.motion,
            content: self.content.render().expect("texts take everything"),
            part: OnceLock::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal<'a> {
    title: &'a str,
    detail: Prose,
    hint: Option<Prose>,
    faults: Vec<Prose>,
    code: &'a str,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, app).await?;
        let secret = session::cookie(&parts.headers).unwrap_or_default();
        let zone = session::named_cookie(&parts.headers, ZONE_COOKIE).and_then(|it| TimeZone::get(&it).ok());
        let clock = Clock { zone: zone.unwrap_or(TimeZone::UTC), now: app.runtime.clock().now() };
        let mut visit = Self {
            app: app.clone(),
            caller,
            clock,
            csrf: Csrf::of(&secret),
            past: None,
            host: parts.headers.get(HOST).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned(),
            here: parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
            is_part: parts.headers.contains_key("hx-request"),
        };
        let may = match reading::check(app, &visit.caller, parts).await {
            Ok(()) => visit.look_back(parts).await,
            refused => refused,
        };
        match may {
            Ok(()) => Ok(visit),
            Err(failure) => Err(visit.refuse(&failure)),
        }
    }
}

impl Visit {
    /// Takes the visit to the instant that is asked for.
    async fn look_back(&mut self, parts: &Parts) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct AsOf {
            #[serde(rename = "asOf")]
            at: Option<String>,
        }
        let Ok(Query(AsOf { at: Some(text) })) = Query::<AsOf>::try_from_uri(&parts.uri) else {
            return Ok(());
        };
        if text.is_empty() {
            return Ok(());
        }
        let at = self.instant(&text).await?;
        let past = self.app.runtime.as_of(at).await?;
        self.clock.now = past.at();
        self.past = Some(past);
        Ok(())
    }

    /// What a reader may write: an instant, a local time in the reader's zone, or the position of an event, with or without `@`.
    async fn instant(&self, text: &str) -> Result<Timestamp, Failure> {
        if let Ok(position) = text.strip_prefix('@').unwrap_or(text).parse() {
            return self.written(position).await;
        }
        let local = || text.parse::<DateTime>().ok().and_then(|it| self.clock.instant(it));
        text.parse().ok().or_else(local).ok_or_else(|| {
            let detail = format!("`{}` is no instant", crate::problem::shown(text));
            Failure::new(Code::InvalidRequest, detail)
                .hint("write for example 2026-11-21T08:30, or @ and the position of an event, such as @120")
        })
    }

    /// When the event at `position` was written.
    async fn written(&self, position: u64) -> Result<Timestamp, Failure> {
        #[derive(Deserialize)]
        struct Written {
            at: Timestamp,
        }
        let records = self.app.runtime.records(position, 1).await?;
        let written = records.first().and_then(|it| serde_json::from_slice::<Written>(&it.bytes).ok());
        written.map(|it| it.at).ok_or_else(|| {
            let detail = format!("the ledger has no event {position}");
            Failure::new(Code::UnknownPosition, detail)
                .hint("the footer of every page says how many there are")
        })
    }
}

/// What an address asks for behind its `?`. What cannot be read asks for nothing: a page is shown all the same.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequestParts<App> for Asked<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(Query::try_from_uri(&parts.uri).map_or_else(|_| T::default(), |Query(it)| it)))
    }
}

/// Turns a refusal into a page.
pub(super) fn answer(visit: &Visit, answered: Result<Response, Failure>) -> Response {
    answered.unwrap_or_else(|failure| visit.refuse(&failure).into_response())
}
