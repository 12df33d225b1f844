//! The live page for people: rollouts as they move, rendered here, refreshed by a small script where there is one.
//!
//! Templates are askama's: they are checked when this crate is compiled, and they escape whatever is put into them,
//! which hand-written formatting would leave to everybody's care. Nothing is changed through these pages; they only
//! show what a signed-in person may read.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

mod asset;
mod document;
mod home;
mod live;
mod oidc;
mod rollout;
mod same_origin;
mod session;
mod sign_in;
mod words;

pub(crate) use session::Sessions;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home::page))
        .route("/fragments/home", get(home::fragment))
        .route("/rollouts/{rollout}", get(rollout::page))
        .route("/fragments/rollouts/{rollout}", get(rollout::fragment))
        .route("/live", get(live::handle))
        .route("/sign-in", post(sign_in::handle))
        .route("/sign-in/oidc", get(oidc::begin))
        .route("/sign-in/oidc/callback", get(oidc::finish))
        .route("/sign-out", post(sign_in::end))
        .route("/assets/{name}", get(asset::handle))
        .layer(axum::middleware::from_fn(same_origin::check))
}
