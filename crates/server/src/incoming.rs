//! What every request goes through before its handler: who calls, whether they may, and what exactly is asked.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use shipway_api::client::call::IDEMPOTENCY_KEY;
use shipway_api::endpoint::{AS_OF, Pace};
use shipway_api::operations::agent::LEASE_WAIT_MS_MAX;
use shipway_api::operations::calendar::ReadCalendar;
use shipway_api::{Code, Operation, Permission};
use shipway_engine::Command;
use shipway_model::Name;
use shipway_model::event::Role;
use shipway_runtime::{Condition, Past, Receipt, StateRef, Submission, SubmitError};
use std::time::{Duration, Instant};

use crate::access::authorise::allow;
use crate::access::sight::{Sight, committed};
use crate::access::{self, Caller};
use crate::app::App;
use crate::config::REQUEST_TIMEOUT;
use crate::etag;
use crate::payload::{Deliver, Receive};
use crate::problem::Failure;
use crate::sign_in::{self, Peer};

/// The longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 100;

/// A request for `O` by a caller who may ask for it.
pub(crate) struct Incoming<O: Operation>
where
    O::Body: Receive,
{
    pub(crate) app: App,
    pub(crate) caller: Caller,
    pub(crate) path: O::Path,
    pub(crate) query: O::Query,
    pub(crate) body: <O::Body as Receive>::Value,
    pub(crate) headers: HeaderMap,
    /// Where the connection comes from.
    pub(crate) peer: Option<Peer>,
    /// The state that is meant by `If-Match`.
    pub(crate) meant: Option<String>,
    /// What was known at the instant that is asked for; nothing when it is asked for now.
    pub(crate) past: Option<Past>,
    key: Option<String>,
}

/// What exactly is asked, before it is known whether the caller may.
struct Asked<O: Operation>
where
    O::Body: Receive,
{
    path: O::Path,
    query: O::Query,
    body: <O::Body as Receive>::Value,
    as_of: Option<Timestamp>,
    key: Option<String>,
    meant: Option<String>,
}

impl<O: Operation> Asked<O>
where
    O::Body: Receive,
{
    async fn read(parts: &mut Parts, body: Body) -> Result<Self, Failure> {
        let path = Path::<O::Path>::from_request_parts(parts, &()).await;
        let Path(path) = path.map_err(|error| invalid("path", &error.body_text()))?;
        let (as_of, rest) = as_of::<O>(&parts.uri)?;
        let Query(query) =
            Query::<O::Query>::try_from_uri(&rest).map_err(|error| invalid("query", &error.body_text()))?;
        let key = idempotency_key(&parts.headers)?;
        let meant = if O::CONDITIONAL { etag::meant(&parts.headers)? } else { None };
        let body = O::Body::receive(&parts.headers, body).await?;
        Ok(Self { path, query, body, as_of, key, meant })
    }
}

/// What a handler gives.
pub(crate) type Outcome<O> = Result<<<O as Operation>::Answer as Deliver>::Value, Failure>;

impl<O: Operation> Incoming<O>
where
    O::Body: Receive,
{
    async fn read(app: App, request: Request) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        // Whatever another replica has acknowledged shows here: a token it issued, an effect it gave.
        app.runtime.catch_up().await?;
        let peer = parts.extensions.get::<Peer>().copied();
        let (caller, body) = match O::PERMISSION {
            Permission::Password => (by_password(&app, &parts.headers, peer).await?, body),
            Permission::Code => (by_code(&app, &parts.headers)?, body),
            Permission::Webhook => match authenticate::<O>(&app, &parts) {
                Ok(caller) => (caller, body),
                // CI systems have no token, but a secret of their own.
                Err(_) => access::webhook::by_secret(&app, &parts, body).await?,
            },
            _ => (authenticate::<O>(&app, &parts)?, body),
        };
        check_host::<O>(&app, &caller, &mut parts).await?;
        let asked = match Asked::<O>::read(&mut parts, body).await {
            Ok(asked) => asked,
            // Whoever may not ask is told that, and not what is wrong with the question.
            Err(failure) => {
                allow(&app, &caller, O::ID, [&Value::Null; 3]).await?;
                return Err(failure);
            }
        };
        let Asked { path, query, body, as_of, key, meant } = asked;
        let of_path = serde_json::to_value(&path).unwrap_or_default();
        let of_query = serde_json::to_value(&query).unwrap_or_default();
        allow(&app, &caller, O::ID, [&of_path, &of_query, &O::Body::named(&body)]).await?;
        let past = match as_of {
            Some(at) => Some(app.runtime.as_of(at).await?),
            None => None,
        };
        Ok(Self { app, caller, path, query, body, headers: parts.headers, peer, meant, past, key })
    }

    /// What was known then, or is committed now. Hold it briefly.
    pub(crate) fn state(&self) -> StateRef<'_> {
        self.app.state(self.past.as_ref())
    }

    /// What the caller sees of lists that are made of `state`, which is what [`Incoming::state`] gave.
    pub(crate) fn sight<'a>(&'a self, state: &'a StateRef<'_>) -> Sight<'a> {
        Sight::of(&self.app, &self.caller, committed(state))
    }

    /// The instant for which it is to be answered.
    pub(crate) fn now(&self) -> Timestamp {
        self.past.as_ref().map_or_else(|| self.app.runtime.clock().now(), Past::at)
    }

    /// Has the command decided and recorded, in the caller's name and under its idempotency key.
    pub(crate) async fn submit(&self, command: Command) -> Result<Receipt, SubmitError> {
        let submission =
            Submission { actor: self.caller.actor(), key: self.key.clone(), command, generation: None };
        self.app.runtime.submit(submission).await
    }

    /// The same, if `condition` holds for the state on which it is decided.
    pub(crate) async fn submit_if(
        &self,
        command: Command,
        condition: Condition,
    ) -> Result<Receipt, SubmitError> {
        let submission =
            Submission { actor: self.caller.actor(), key: self.key.clone(), command, generation: None };
        self.app.runtime.submit_if(submission, condition).await
    }

    /// The key under which one of several commands of the request is repeated harmlessly.
    pub(crate) fn key_of(&self, index: usize) -> Option<String> {
        self.key.as_ref().map(|key| format!("{key}#{index}"))
    }
}

/// Reads the request, has `handler` answer it, and counts it.
pub(crate) async fn answer<O, H, F>(app: App, request: Request, handler: H) -> Response
where
    O: Operation,
    O::Body: Receive,
    O::Answer: Deliver,
    H: FnOnce(Incoming<O>) -> F,
    F: Future<Output = Outcome<O>>,
{
    let started = Instant::now();
    let asked = request.headers().clone();
    let work = async {
        let incoming = Incoming::<O>::read(app.clone(), request).await?;
        let value = handler(incoming).await?;
        let status = StatusCode::from_u16(O::STATUS).expect("the table's statuses are valid");
        Ok::<_, Failure>(O::Answer::deliver(value, status, &asked))
    };
    let answered = match patience(O::PACE) {
        Some(patience) => tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(timed_out())),
        None => work.await,
    };
    let response = answered.unwrap_or_else(IntoResponse::into_response);
    app.requests.count(O::ID, response.status().as_u16(), started.elapsed());
    response
}

/// How long an answer may take as a whole; streamed ones watch their own streams.
fn patience(pace: Pace) -> Option<Duration> {
    match pace {
        Pace::Prompt => Some(REQUEST_TIMEOUT),
        Pace::LongPoll => Some(REQUEST_TIMEOUT + Duration::from_millis(LEASE_WAIT_MS_MAX.into())),
        Pace::Streamed => None,
    }
}

fn timed_out() -> Failure {
    let detail = format!("the request was not done after {} s", REQUEST_TIMEOUT.as_secs());
    Failure::new(Code::Timeout, detail).hint("repeat it with the same `Idempotency-Key`")
}

fn authenticate<O: Operation>(app: &App, parts: &Parts) -> Result<Caller, Failure> {
    let now = app.runtime.clock().now();
    let state = app.runtime.state();
    let by_header = || access::bearer(&parts.headers)?.caller(&state, now);
    // Calendar programs are given an address and nothing else.
    let by_address =
        || if O::ID == ReadCalendar::ID { access::by_key(&parts.uri, &state, now) } else { None };
    by_header().or_else(by_address).ok_or_else(access::unauthenticated)
}

/// Whoever has a name and a password, under the id of the token that the sign-in will give.
async fn by_password(app: &App, headers: &HeaderMap, peer: Option<Peer>) -> Result<Caller, Failure> {
    let (name, password) = access::basic(headers).ok_or_else(access::unauthenticated)?;
    let account = sign_in::by_password(app, &name, &password, peer).await?.account;
    Ok(Caller { token: app.runtime.new_token_id(), name: account.name, role: account.role })
}

/// Whoever has a code and its verifier, in the places of a name and a password.
fn by_code(app: &App, headers: &HeaderMap) -> Result<Caller, Failure> {
    let (code, verifier) = access::basic(headers).ok_or_else(access::unauthenticated)?;
    let account = app.handovers.look(&code, &verifier, app.runtime.clock().now());
    let account = account.map(|it| it.account).ok_or_else(|| {
        Failure::new(Code::Unauthenticated, "no sign-in waits under this code")
            .hint("a code is good once and for a minute: `shipway login --oidc` begins again")
    })?;
    Ok(Caller { token: app.runtime.new_token_id(), name: account.name, role: account.role })
}

/// An agent's path must name its own host, which then counts as heard of.
async fn check_host<O: Operation>(app: &App, caller: &Caller, parts: &mut Parts) -> Result<(), Failure> {
    // Whoever is no agent is refused by the policies.
    if O::PERMISSION != Permission::Agent || caller.role != Role::Agent {
        return Ok(());
    }
    let parameters = RawPathParams::from_request_parts(parts, &()).await;
    let parameters = parameters.map_err(|error| invalid("path", &error.body_text()))?;
    for (_, host) in parameters.iter().filter(|(name, _)| *name == "host") {
        let host: Name = host
            .parse()
            .map_err(|error: shipway_model::name::InvalidName| invalid("path", &error.to_string()))?;
        caller.must_be_agent_of(&host)?;
        app.hearing.note(&host, app.runtime.clock().now());
    }
    Ok(())
}

/// The instant that `asOf` names, and the address without it: the operations' own queries do not know it.
fn as_of<O: Operation>(uri: &Uri) -> Result<(Option<Timestamp>, Uri), Failure> {
    #[derive(Deserialize)]
    struct AsOf {
        #[serde(rename = "asOf")]
        at: Option<Timestamp>,
    }
    let is_as_of = |it: &&str| it.split('=').next() == Some(AS_OF);
    let (given, rest): (Vec<&str>, Vec<&str>) =
        uri.query().unwrap_or_default().split('&').partition(is_as_of);
    if given.is_empty() {
        return Ok((None, uri.clone()));
    }
    let rest = format!("/?{}", rest.join("&")).parse().map_err(|_| invalid("query", "it is no query"))?;
    if !O::TAKES_AS_OF {
        let detail = format!("`{}` does not take `{AS_OF}`", O::ID);
        let hint = "only what is read from the ledger has a past; ask without it";
        return Err(Failure::new(Code::InvalidRequest, detail).hint(hint));
    }
    let Query(AsOf { at }) =
        Query::try_from_uri(uri).map_err(|error| invalid("`asOf`", &error.body_text()))?;
    Ok((at, rest))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=KEY_BYTES_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(invalid("`Idempotency-Key`", "use 1 to 100 visible characters")),
    }
}

fn invalid(what: &str, why: &str) -> Failure {
    Failure::new(Code::InvalidRequest, format!("the {what} cannot be read: {why}"))
}
