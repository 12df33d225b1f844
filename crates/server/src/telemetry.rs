//! `/v1/metrics`, `/v1/logs`, `/v1/traces`: OTLP over HTTP, as every OpenTelemetry SDK and collector pushes it.
//!
//! These are operations of the table, and answered by the policies as all are: over the services and environments that
//! what is pushed says it is of. Their bodies and answers are OpenTelemetry's, so they are read here. Whoever pushes shows
//! a token, by `OTEL_EXPORTER_OTLP_HEADERS`.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use shipway_api::operations::telemetry::{PushLogs, PushMetrics, PushTraces};
use shipway_api::{Code, Operation};
use shipway_runtime::telemetry::{Encoding, Pushed, Signal};

use crate::access::authorise::allow;
use crate::access::{self, Caller};
use crate::app::App;
use crate::problem::Failure;
use crate::router::Routes;

/// The largest body, packed as it comes.
const BODY_BYTES_MAX: usize = 16 << 20;

pub(crate) fn add(routes: Routes) -> Routes {
    let routes = of::<PushMetrics>(routes, Signal::Metrics);
    let routes = of::<PushLogs>(routes, Signal::Logs);
    of::<PushTraces>(routes, Signal::Traces)
}

fn of<O: Operation>(routes: Routes, signal: Signal) -> Routes {
    let answer = move |State(app): State<App>, request: Request| async move {
        let started = Instant::now();
        let answer = taken::<O>(&app, signal, request).await.unwrap_or_else(IntoResponse::into_response);
        app.requests.count(O::ID, answer.status().as_u16(), started.elapsed());
        answer
    };
    routes.add_as_it_is::<O>(post(answer))
}

async fn taken<O: Operation>(app: &App, signal: Signal, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    app.runtime.catch_up().await?;
    let caller = caller(app, &head.headers)?;
    let read = match read(app, signal, &head.headers, body).await {
        Ok(read) => read,
        // Whoever may not push is told that, and not what is wrong with what was pushed.
        Err(failure) => {
            allow(app, &caller, O::ID, [&Value::Null; 3]).await?;
            return Err(failure);
        }
    };
    let about = read.pushed.about();
    let named = json!({ "services": about.services, "environments": about.environments });
    allow(app, &caller, O::ID, [&named, &Value::Null, &Value::Null]).await?;
    let keeping = tokio::task::spawn_blocking(move || read.pushed.keep());
    let answer = keeping.await.map_err(|_| Failure::new(Code::Internal, "the telemetry was not kept"))?;
    let answer = answer.map_err(|why| Failure::new(Code::Internal, why))?;
    Ok((StatusCode::OK, [(CONTENT_TYPE, read.content_type)], Body::from(answer)).into_response())
}

fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Failure> {
    let now = app.runtime.clock().now();
    let caller = access::bearer(headers).and_then(|it| it.caller(&app.runtime.state(), now));
    caller.ok_or_else(access::unauthenticated)
}

struct Read {
    pushed: Box<dyn Pushed>,
    content_type: &'static str,
}

async fn read(app: &App, signal: Signal, headers: &HeaderMap, body: Body) -> Result<Read, Failure> {
    let Some(receiver) = app.telemetry.clone() else {
        return Err(Failure::new(Code::NotFound, "this control plane takes no telemetry"));
    };
    let (encoding, content_type) = encoding(headers)?;
    let is_gzip = match headers.get(CONTENT_ENCODING).map(|it| it.as_bytes()) {
        None | Some(b"" | b"identity") => false,
        Some(b"gzip") => true,
        Some(_) => return Err(invalid("the body is packed in another way than gzip")),
    };
    let body: Bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        Failure::new(Code::TooLarge, format!("the body has more than {BODY_BYTES_MAX} bytes, or broke off"))
    })?;
    // Unpacking and reading megabytes is no work for a thread that others wait for.
    let reading = tokio::task::spawn_blocking(move || receiver.read(signal, encoding, is_gzip, &body));
    let read = reading.await.map_err(|_| Failure::new(Code::Internal, "the telemetry was not read"))?;
    Ok(Read { pushed: read.map_err(|why| invalid(&why))?, content_type })
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
