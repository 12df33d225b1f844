//! The built-in router, by its admin API: the route that it holds, and setting one.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use shipway_model::Name;
use shipway_model::routing::Route;

use crate::outbound::{Answer, Call, CallError, Outbound, excerpt};
use crate::router::RouteStatus;
use crate::spec::Spec;

pub(crate) const SPEC: Spec =
    Spec { kind: "builtin", summary: "The router inside Shipway, set through its admin API." };

const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The router takes routes of up to 1 MiB, and answers with one and the state of its backends.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// A router's admin API.
pub(crate) struct Admin<'a> {
    pub(crate) outbound: &'a Outbound,
    /// For example `http://127.0.0.1:7200`.
    pub(crate) url: &'a str,
    /// The bearer token that changes need.
    pub(crate) token: Option<&'a str>,
}

/// Why a route was not read or set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error("the router cannot be reached: {0}")]
    Call(#[from] CallError),
    /// Somebody has set a newer route.
    #[error("fenced: {0}")]
    Fenced(String),
    /// Another revision may be taken, or this one at another time.
    #[error("the router cannot take the route now: {0}")]
    Occupied(String),
    #[error("the router wants a token: give the control plane the router's own in SHIPWAY_ROUTER_TOKEN")]
    Unauthorised,
    #[error("the router refused with {status}: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("this does not answer as Shipway's router does ({status}): {detail}")]
    Unreadable { status: StatusCode, detail: String },
}

/// What the router says when it refuses.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

impl Admin<'_> {
    /// The route in force; nothing when the service has none.
    pub(crate) async fn held(&self, environment: &Name, service: &Name) -> Result<Option<Route>, AdminError> {
        let answer = self.call(Method::GET, environment, service, None).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(read::<RouteStatus>(&answer)?.route)),
            // Another server's 404 has no problem with this code in it.
            StatusCode::NOT_FOUND if read::<Problem>(&answer)?.code == "not-found" => Ok(None),
            _ => Err(refusal(&answer)),
        }
    }

    /// Sets a route. It is in force when this returns.
    pub(crate) async fn set(&self, route: &Route) -> Result<(), AdminError> {
        let body = serde_json::to_vec(route).expect("routes serialise");
        let answer = self.call(Method::PUT, &route.environment, &route.service, Some(body)).await?;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(refusal(&answer)) }
    }

    async fn call(
        &self,
        method: Method,
        environment: &Name,
        service: &Name,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, AdminError> {
        let url = format!("{}/routes/{environment}/{service}", self.url.trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        if let Some(token) = self.token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| AdminError::Unauthorised)?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let (timeout, body_bytes_max) = (CALL_TIMEOUT, ANSWER_BYTES_MAX);
        let call = Call { method, url: &url, headers, body, timeout, body_bytes_max };
        Ok(self.outbound.call(call).await?)
    }
}

impl AdminError {
    /// Whether the very same request may go well shortly.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Call(error) => error.is_passing(),
            Self::Refused { status, .. } | Self::Unreadable { status, .. } => status.is_server_error(),
            Self::Fenced(_) | Self::Occupied(_) | Self::Unauthorised => false,
        }
    }

    /// Whether another attempt at the step, which comes later and with a new revision, may go well.
    pub(crate) fn is_retryable(&self) -> bool {
        self.is_passing() || matches!(self, Self::Occupied(_))
    }
}

fn refusal(answer: &Answer) -> AdminError {
    let status = answer.status;
    let problem = match read::<Problem>(answer) {
        Ok(problem) => problem,
        Err(unreadable) => return unreadable,
    };
    let detail = excerpt(&problem.detail);
    match problem.code.as_str() {
        "stale-revision" => AdminError::Fenced(detail),
        "revision-reused" | "listen-taken" | "listen-unavailable" => AdminError::Occupied(detail),
        "unauthorised" => AdminError::Unauthorised,
        _ => AdminError::Refused { status, detail },
    }
}

fn read<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<T, AdminError> {
    serde_json::from_slice(&answer.body)
        .map_err(|_| AdminError::Unreadable { status: answer.status, detail: answer.excerpt() })
}
