//! Streams of events: server-sent events out of the ledger, from a position on, for as long as somebody listens.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use shipway_api::Code;
use shipway_api::view::ledger::PersonalText;
use shipway_model::event::Stream as Aggregate;
use shipway_runtime::{Past, Record};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::app::App;
use crate::problem::Failure;
use crate::views;

/// A comment this often tells both ends that the line is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events read at once: what a slow listener keeps in memory.
const BATCH: usize = 64;

/// Which events, and where the listener stands.
pub(crate) struct Feed {
    app: App,
    /// All aggregates when nothing.
    aggregate: Option<Aggregate>,
    next: u64,
    /// Where it ends, when it is asked for what was known then.
    until: Option<u64>,
    size: watch::Receiver<u64>,
    /// Read and not sent yet, the next one last.
    ready: Vec<Record>,
    /// Held while the stream is open.
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    /// # Errors
    /// `overloaded` when too many streams are open.
    pub(crate) fn open(app: &App, aggregate: Option<Aggregate>, from: u64) -> Result<Self, Failure> {
        let permit = app
            .streams
            .clone()
            .try_acquire_owned()
            .map_err(|_| Failure::new(Code::Overloaded, "too many event streams are open"))?;
        let size = app.runtime.subscribe();
        Ok(Self {
            app: app.clone(),
            aggregate,
            next: from,
            until: None,
            size,
            ready: Vec::new(),
            _permit: permit,
        })
    }

    /// Ends with what was known then.
    pub(crate) fn until(self, past: Option<&Past>) -> Self {
        Self { until: past.map(Past::size), ..self }
    }

    pub(crate) fn into_response(self) -> Response {
        let keep_alive = KeepAlive::new().interval(HEARTBEAT);
        // A first comment, so that the listener knows at once that the line stands.
        let hello = stream::iter([Ok(sse::Event::default().comment("listening"))]);
        let events = stream::StreamExt::chain(hello, self.into_events());
        Sse::new(events).keep_alive(keep_alive).into_response()
    }

    fn into_events(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        stream::unfold(self, |mut feed| async move {
            let record = feed.next_record().await?;
            let event = sse_event(&record, &feed.personal_texts(&record).await?);
            Some((Ok(event), feed))
        })
    }

    /// The texts to which a record commits; nothing when the store fails.
    async fn personal_texts(&self, record: &Record) -> Option<BTreeMap<String, PersonalText>> {
        let disclosures = self.app.runtime.disclosures(std::slice::from_ref(record)).await;
        let texts = disclosures.and_then(|it| views::ledger::personal_texts(record, &it));
        texts
            .inspect_err(
                |error| tracing::warn!(error = %error, "an event stream ends at what it cannot open"),
            )
            .ok()
    }

    /// Waits for the next event; nothing when the server stops, the store fails or has outrun it, or no more can come.
    pub(crate) async fn next_record(&mut self) -> Option<Record> {
        let stopping = self.app.stopping.clone();
        loop {
            if let Some(record) = self.ready.pop() {
                if self.until.is_some_and(|it| record.position >= it) {
                    return None;
                }
                self.next = record.position + 1;
                return Some(record);
            }
            // Both before reading: what is committed meanwhile is seen by the wait below, and the end is the end only
            // if nothing was left to read after it.
            self.size.borrow_and_update();
            let is_over = self.is_over();
            self.ready = self.read().await?;
            self.ready.reverse();
            if self.ready.is_empty() {
                if is_over {
                    return None;
                }
                tokio::select! {
                    changed = stopping.run_until_cancelled(self.size.changed()) => changed?.ok()?,
                    // Whoever listens is to ask a control plane that goes on.
                    () = self.app.runtime.until_outrun() => return None,
                }
            }
        }
    }

    async fn read(&self) -> Option<Vec<Record>> {
        let runtime = &self.app.runtime;
        let read = match &self.aggregate {
            Some(aggregate) => runtime.stream(aggregate, self.next, BATCH).await,
            None => runtime.records(self.next, BATCH).await,
        };
        read.inspect_err(
            |error| tracing::warn!(error = %error, "an event stream ends because it cannot be read"),
        )
        .ok()
    }

    /// The past, or a rollout that has ended, of which everything was read.
    fn is_over(&self) -> bool {
        if self.until.is_some() {
            return true;
        }
        let Some(Aggregate::Rollout(id)) = &self.aggregate else { return false };
        self.app.runtime.state().rollouts.summaries.get(id).is_none_or(|it| it.end.is_some())
    }
}

/// The position after the one that the listener has had, when it says so.
pub(crate) fn resume_from(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().ok().and_then(|it| it.parse::<u64>().ok());
    match position {
        Some(position) => Ok(Some(position.saturating_add(1))),
        None => Err(Failure::new(Code::InvalidRequest, "`Last-Event-ID` takes a ledger position")),
    }
}

fn sse_event(record: &Record, personal: &BTreeMap<String, PersonalText>) -> sse::Event {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    let kind = serde_json::from_slice::<Kind>(&record.bytes).map(|it| it.r#type).unwrap_or_default();
    // The event is canonical JSON already, which has no line breaks.
    let event = String::from_utf8_lossy(&record.bytes);
    let personal = serde_json::to_string(personal).expect("texts have string keys");
    let (position, leaf) = (record.position, record.leaf);
    let data = format!(r#"{{"position":{position},"leaf":"{leaf}","event":{event},"personal":{personal}}}"#);
    sse::Event::default().id(record.position.to_string()).event(kind).data(data)
}
