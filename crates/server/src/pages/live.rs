//! Telling a page that there is something new: the ledger's size, whenever it grows, but not more often than eyes follow.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use shipway_api::Code;

use super::session::SignedIn;
use crate::app::App;
use crate::problem::Failure;

/// The shortest time between two messages.
const PAUSE: Duration = Duration::from_millis(300);
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) async fn handle(State(app): State<App>, _: SignedIn) -> Result<Response, Failure> {
    let permit = app.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Failure::new(Code::Overloaded, "too many event streams are open"))?;
    let (size, stopping) = (app.runtime.subscribe(), app.stopping.clone());
    let messages = stream::unfold((size, stopping, permit), |(mut size, stopping, permit)| async move {
        stopping.run_until_cancelled(size.changed()).await?.ok()?;
        tokio::time::sleep(PAUSE).await;
        let message = Event::default().data(size.borrow_and_update().to_string());
        Some((Ok::<_, Infallible>(message), (size, stopping, permit)))
    });
    Ok(Sse::new(messages).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}
