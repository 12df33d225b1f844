//! CI systems prove themselves by a secret of their Webhook: they cannot send a token, or sign each message instead.

use axum::body::Body;
use axum::http::request::Parts;
use shipway_api::Code;
use shipway_engine::ci;
use shipway_model::Name;
use shipway_model::ci::actor;
use shipway_model::event::Role;

use super::Caller;
use crate::app::App;
use crate::payload;
use crate::problem::{self, Failure};

/// Whoever knows the secret of the Webhook that the path names, and the body, which had to be read for that.
///
/// # Errors
/// The same for a Webhook that is not there as for one whose secret is another.
pub(crate) async fn by_secret(app: &App, parts: &Parts, body: Body) -> Result<(Caller, Body), Failure> {
    let name = parts.uri.path().rsplit('/').next().and_then(|it| it.parse::<Name>().ok());
    let name = name.ok_or_else(unproven)?;
    let webhook = ci::declared(&app.runtime.state(), &name).cloned().ok_or_else(unproven)?;
    let bytes = payload::bytes(&parts.headers, body).await?;
    let (verify, headers, message) = (app.verify_webhook, parts.headers.clone(), bytes.clone());
    // It may read a file.
    let verifying = tokio::task::spawn_blocking(move || verify(&webhook, &headers, &message));
    match verifying.await.map_err(|error| problem::internal(&error))? {
        Ok(()) => {
            let caller =
                Caller { token: app.runtime.new_token_id(), name: actor(&name), role: Role::Builder };
            Ok((caller, Body::from(bytes)))
        }
        Err(why) => {
            // For whoever sets it up; whoever guesses learns nothing from it.
            tracing::warn!(webhook = %name, why, "a message was refused");
            Err(unproven())
        }
    }
}

fn unproven() -> Failure {
    let detail = "the message comes neither with a token nor with the secret of a declared Webhook";
    Failure::new(Code::Unauthenticated, detail)
        .hint("`shipway get webhook` shows those there are; the control plane's log says why it refused")
}
