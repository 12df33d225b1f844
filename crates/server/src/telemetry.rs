//! `/v1/metrics`, `/v1/logs`, `/v1/traces`: OTLP over HTTP, as every OpenTelemetry SDK and collector pushes it.
//!
//! It is no part of the table of operations: paths, bodies and answers are OpenTelemetry's. Whoever pushes shows a token, by
//! `OTEL_EXPORTER_OTLP_HEADERS`.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use shipway_api::Code;
use shipway_model::event::Role;
use shipway_runtime::telemetry::{Encoding, Signal};

use crate::access;
use crate::app::App;
use crate::problem::Failure;

/// The largest body, packed as it comes.
const BODY_BYTES_MAX: usize = 16 << 20;

pub(crate) fn routes() -> Router<App> {
    let of = |signal| post(move |State(app): State<App>, request: Request| take(app, signal, request));
    Router::new()
        .route("/v1/metrics", of(Signal::Metrics))
        .route("/v1/logs", of(Signal::Logs))
        .route("/v1/traces", of(Signal::Traces))
}

async fn take(app: App, signal: Signal, request: Request) -> Response {
    taken(app, signal, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn taken(app: App, signal: Signal, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    check_token(&app, &head.headers)?;
    let Some(receiver) = app.telemetry.clone() else {
        return Err(Failure::new(Code::NotFound, "this control plane takes no telemetry"));
    };
    let (encoding, content_type) = encoding(&head.headers)?;
    let is_gzip = match head.headers.get(CONTENT_ENCODING).map(|it| it.as_bytes()) {
        None | Some(b"" | b"identity") => false,
        Some(b"gzip") => true,
        Some(_) => return Err(invalid("the body is packed in another way than gzip")),
    };
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX);
    let body = body.await.map_err(|_| {
        Failure::new(Code::TooLarge, format!("the body has more than {BODY_BYTES_MAX} bytes, or broke off"))
    })?;
    // Unpacking and reading megabytes is no work for a thread that others wait for.
    let reading = tokio::task::spawn_blocking(move || receiver.take(signal, encoding, is_gzip, &body));
    let answer = reading.await.map_err(|_| Failure::new(Code::Internal, "the telemetry was not taken in"))?;
    let answer = answer.map_err(|why| invalid(&why))?;
    Ok((StatusCode::OK, [(CONTENT_TYPE, content_type)], Body::from(answer)).into_response())
}

/// Agents and whoever builds or operates may push.
fn check_token(app: &App, headers: &HeaderMap) -> Result<(), Failure> {
    let caller = {
        let (state, now) = (app.runtime.state(), app.runtime.clock().now());
        access::bearer(headers).and_then(|it| it.caller(&state, now))
    };
    match caller {
        Some(caller) if may_push(caller.role) => Ok(()),
        Some(caller) => {
            let detail = format!("the token of `{}` pushes no telemetry", caller.name);
            Err(Failure::new(Code::Forbidden, detail)
                .hint("push telemetry with an agent's, a builder's or an operator's token"))
        }
        None => Err(access::unauthenticated()),
    }
}

fn may_push(role: Role) -> bool {
    matches!(role, Role::Agent | Role::Builder | Role::Operator | Role::Admin)
}

fn encoding(headers: &HeaderMap) -> Result<(Encoding, &'static str), Failure> {
    let written = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    match written.split(';').next().unwrap_or_default().trim() {
        "application/x-protobuf" => Ok((Encoding::Protobuf, "application/x-protobuf")),
        "application/json" => Ok((Encoding::Json, "application/json")),
        other => Err(invalid(&format!("`{other}` is neither application/x-protobuf nor application/json"))),
    }
}

fn invalid(why: &str) -> Failure {
    Failure::new(Code::InvalidRequest, why)
}
