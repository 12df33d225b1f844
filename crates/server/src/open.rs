//! What needs no token: is it alive, is it ready, what does it count, what can be asked of it.

use std::sync::LazyLock;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use shipway_api::Code;

use crate::app::App;
use crate::metrics;
use crate::problem::Failure;

/// A store that does not answer within this is not ready.
const READY_WITHIN: Duration = Duration::from_secs(2);

static DOCUMENT: LazyLock<String> = LazyLock::new(|| shipway_api::openapi::document().to_string());

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "alive" }))))
        .route("/readyz", get(ready))
        .route("/metrics", get(show_metrics))
        .route("/openapi.json", get(async || ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())))
}

async fn ready(State(app): State<App>) -> Response {
    let not_ready = |why: &str| Failure::new(Code::Unavailable, why).into_response();
    if app.stopping.is_cancelled() {
        return not_ready("the control plane is shutting down");
    }
    let reads = async {
        app.runtime.catch_up().await?;
        app.runtime.records(0, 1).await
    };
    match tokio::time::timeout(READY_WITHIN, reads).await {
        Ok(Ok(_)) => (StatusCode::OK, Json(json!({ "status": "ready" }))).into_response(),
        Ok(Err(error)) => not_ready(&error.to_string()),
        Err(_) => not_ready("the store does not answer"),
    }
}

async fn show_metrics(State(app): State<App>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render(&app)).into_response()
}
