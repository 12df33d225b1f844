//! Telling a page that there is something new: the ledger's size, at once, but not more often than eyes follow.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use shipway_api::Code;

use super::session::SignedIn;
use crate::app::App;
use crate::problem::Failure;

/// The shortest time between two messages. The first after a silence goes out at once.
const PAUSE: Duration = Duration::from_millis(200);
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The event's name, for which pages listen.
const EVENT: &str = "ledger";

#[derive(Deserialize)]
pub(super) struct Seen {
    /// The ledger's size when the page was drawn.
    #[serde(default)]
    seen: u64,
}

pub(super) async fn handle(
    State(app): State<App>,
    _: SignedIn,
    Query(Seen { seen }): Query<Seen>,
) -> Result<Response, Failure> {
    let permit = app.watchers.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Failure::new(Code::Overloaded, "too many live pages are open"))?;
    let (size, stopping) = (app.runtime.subscribe(), app.stopping.clone());
    let start = (size, stopping, permit, seen, None);
    let messages = stream::unfold(start, |(mut size, stopping, permit, mut seen, quiet)| async move {
        if let Some(quiet) = quiet {
            stopping.run_until_cancelled(tokio::time::sleep(quiet)).await?;
        }
        // A page that comes back after a break is told what it missed.
        while *size.borrow_and_update() == seen {
            stopping.run_until_cancelled(size.changed()).await?.ok()?;
        }
        seen = *size.borrow();
        let message = Event::default().event(EVENT).data(seen.to_string());
        Some((Ok::<_, Infallible>(message), (size, stopping, permit, seen, Some(PAUSE))))
    });
    Ok(Sse::new(messages).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}
