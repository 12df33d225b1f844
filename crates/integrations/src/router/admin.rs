//! The admin API: routes in and out, metrics and health, as JSON over HTTP/1.1.
//!
//! | method | path | |
//! |---|---|---|
//! | `PUT` | `/routes/{environment}/{service}` | a `Route`; answers with the route held; 409 when it is stale |
//! | `GET` | `/routes`, `/routes/{environment}/{service}` | routes and the state of their backends |
//! | `DELETE` | `/routes/{environment}/{service}?revision=N` | 204, also when there is none |
//! | `GET` | `/metrics` | Prometheus text |
//! | `GET` | `/healthz` | 200 while the router serves |

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use shipway_model::routing::Route;
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::control::{Control, RouteStatus, ServiceKey};
use super::problem::Problem;

const BODY_BYTES_MAX: usize = 1024 * 1024;
const CONNECTIONS_MAX: usize = 256;
/// For a request's head, and again for its body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

type Answer = Response<Full<Bytes>>;

pub(super) struct Admin {
    pub(super) control: Arc<Control>,
    /// The bearer token that changes need.
    pub(super) token: Option<String>,
}

#[derive(Serialize)]
struct Routes {
    routes: Vec<RouteStatus>,
}

/// Serves until `closed`; connections that are open then end.
pub(super) async fn serve(admin: Arc<Admin>, listener: TcpListener, closed: CancellationToken) {
    let mut connections = JoinSet::new();
    let accepting = async {
        loop {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok(_) if connections.len() >= CONNECTIONS_MAX => {}
                Ok((stream, _)) => {
                    let admin = Arc::clone(&admin);
                    connections.spawn(async move {
                        let service = service_fn(|request| answer(Arc::clone(&admin), request));
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .header_read_timeout(READ_TIMEOUT)
                            .serve_connection(TokioIo::new(stream), service);
                        // A fault of the connection is the caller's own.
                        let _ = connection.await;
                    });
                }
                Err(fault) => {
                    tracing::warn!(%fault, "cannot accept admin connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    closed.run_until_cancelled(accepting).await;
}

async fn answer(admin: Arc<Admin>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    // A change goes through to its end, even when the caller leaves in the middle.
    let handled = tokio::spawn(async move { admin.handle(request).await }).await;
    Ok(match handled {
        Ok(Ok(answer)) => answer,
        Ok(Err(problem)) => problem.into_answer(),
        Err(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "the request failed by a bug")
            .into_answer(),
    })
}

impl Admin {
    async fn handle(&self, request: Request<Incoming>) -> Result<Answer, Problem> {
        let path = request.uri().path().to_owned();
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method(), segments.as_slice()) {
            (&Method::GET, ["healthz"]) => Ok(text("ok\n", "text/plain; charset=utf-8")),
            (&Method::GET, ["metrics"]) => {
                Ok(text(self.control.metrics.render(), "text/plain; version=0.0.4; charset=utf-8"))
            }
            (&Method::GET, ["routes"]) => Ok(json(&Routes { routes: self.control.statuses().await })),
            (method, ["routes", environment, service]) => {
                let key = parse_key(environment, service)?;
                match *method {
                    Method::GET => self.show(&key).await,
                    Method::PUT => self.put(key, request).await,
                    Method::DELETE => self.delete(key, &request).await,
                    _ => Err(not_allowed(method)),
                }
            }
            (method, ["healthz" | "metrics" | "routes"]) => Err(not_allowed(method)),
            _ => Err(not_found(format!("there is nothing at `{path}`"))),
        }
    }

    async fn show(&self, key: &ServiceKey) -> Result<Answer, Problem> {
        let status = self.control.status(key).await;
        let status =
            status.ok_or_else(|| not_found(format!("service `{}` in `{}` has no route", key.1, key.0)))?;
        Ok(json(&status))
    }

    async fn put(&self, key: ServiceKey, request: Request<Incoming>) -> Result<Answer, Problem> {
        self.authorise(request.headers())?;
        let route: Route = serde_json::from_slice(&read(request.into_body()).await?)
            .map_err(|fault| Problem::new(StatusCode::BAD_REQUEST, "malformed-route", fault.to_string()))?;
        if (&route.environment, &route.service) != (&key.0, &key.1) {
            let detail = format!(
                "the path names service `{}` in `{}`, the route `{}` in `{}`",
                key.1, key.0, route.service, route.environment
            );
            return Err(Problem::new(StatusCode::BAD_REQUEST, "route-mismatch", detail));
        }
        Ok(json(&*self.control.put(route).await?))
    }

    async fn delete(&self, key: ServiceKey, request: &Request<Incoming>) -> Result<Answer, Problem> {
        self.authorise(request.headers())?;
        let query = request.uri().query().unwrap_or_default();
        let revision = query.split('&').find_map(|pair| pair.strip_prefix("revision=")?.parse().ok());
        let revision = revision.ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "no-revision",
                "say `?revision=N`, the revision of the removal",
            )
        })?;
        self.control.remove(key, revision).await?;
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        Ok(answer)
    }

    fn authorise(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        let given =
            headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        if given.is_some_and(|given| given.ct_eq(token.as_bytes()).into()) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", "changes need the router's bearer token"))
    }
}

async fn read(body: Incoming) -> Result<Bytes, Problem> {
    let body = timeout(READ_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect()).await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "upload-timeout", "the body did not arrive in time")
    })?;
    let body = body.map_err(|fault| match fault.downcast_ref::<LengthLimitError>() {
        Some(_) => {
            let detail = format!("a route has at most {BODY_BYTES_MAX} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
        }
        None => Problem::new(StatusCode::BAD_REQUEST, "upload-broken", fault.to_string()),
    })?;
    Ok(body.to_bytes())
}

fn parse_key(environment: &str, service: &str) -> Result<ServiceKey, Problem> {
    let name = |text: &str| text.parse().map_err(|fault| not_found(format!("{fault}")));
    Ok((name(environment)?, name(service)?))
}

fn not_found(detail: String) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
}

fn not_allowed(method: &Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        format!("{method} is not offered here"),
    )
}

fn json(value: &impl Serialize) -> Answer {
    let value = serde_json::to_vec(value).expect("routes serialise");
    text(value, "application/json")
}

fn text(text: impl Into<Bytes>, kind: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
