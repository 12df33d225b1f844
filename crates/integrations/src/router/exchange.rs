//! One request with one backend, from the moment the backend was chosen until its answer was handed over.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::backend::BackendState;
use super::metrics::Outcome;
use super::table::{Place, PoolTable, Table};
use super::upstream::Connection;
use super::worker::Worker;

/// Counts the request while it lives. However it ends, by an answer, an error, or because the client left and
/// everything was dropped, it is counted once.
pub(super) struct Exchange {
    worker: Rc<Worker>,
    table: Arc<Table>,
    place: Place,
    started_at: Instant,
    /// When the answer counts as handed over, if before the exchange itself ends.
    handed_over_at: Option<Instant>,
    outcome: Outcome,
    /// Given back to the pool at the end, if the answer was read to its end.
    pub(super) connection: Option<Connection>,
}

impl Exchange {
    pub(super) fn start(worker: Rc<Worker>, table: Arc<Table>, place: Place, started_at: Instant) -> Self {
        table.backend(place).enter();
        table.pools[place.pool].metrics.started(worker.shard);
        Self {
            worker,
            table,
            place,
            started_at,
            handed_over_at: None,
            outcome: Outcome::Abandoned,
            connection: None,
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    pub(super) fn backend(&self) -> &Arc<BackendState> {
        self.table.backend(self.place)
    }

    pub(super) fn pool(&self) -> &PoolTable {
        &self.table.pools[self.place.pool]
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.outcome = Outcome::Answered(status);
    }

    /// What follows is a tunnel, whose length is not the backend's slowness.
    pub(super) fn handed_over(&mut self) {
        self.handed_over_at = Some(Instant::now());
    }

    pub(super) fn failed(&mut self) {
        self.outcome = Outcome::NoAnswer;
    }

    pub(super) fn retried(&self) {
        self.pool().metrics.retried(self.worker.shard);
    }

    /// Another backend takes over. Within the version it stays the same request; another version's counts anew,
    /// and this one's has failed.
    pub(super) fn move_to(&mut self, place: Place) {
        if place.pool == self.place.pool {
            self.backend().leave();
            self.place = place;
            self.backend().enter();
        } else {
            let (worker, table) = (Rc::clone(&self.worker), Arc::clone(&self.table));
            self.failed();
            *self = Self::start(worker, table, place, self.started_at);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let now = Instant::now();
        let backend = self.table.backend(self.place);
        backend.leave();
        let latency = self.handed_over_at.unwrap_or(now).saturating_duration_since(self.started_at);
        backend.metrics.ended(self.worker.shard, self.outcome, latency);
        self.pool().metrics.ended(self.worker.shard);
        if let Some(connection) = self.connection.take() {
            self.worker.upstreams.put(backend, connection, now);
        }
    }
}

/// An answer's body on its way to a client.
pub(super) enum Download {
    /// Made by the router itself.
    Own(Option<Bytes>),
    Backend {
        body: Incoming,
        exchange: Exchange,
        ended: bool,
    },
}

impl Download {
    pub(super) fn empty() -> Self {
        Self::Own(None)
    }
}

impl From<Bytes> for Download {
    fn from(text: Bytes) -> Self {
        Self::Own(Some(text))
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            Self::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Backend { body, exchange, ended } => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                match &frame {
                    None => *ended = true,
                    Some(Err(_)) => exchange.backend().metrics.broke_off(exchange.worker.shard),
                    Some(Ok(_)) => {}
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(text) => text.is_none(),
            Self::Backend { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Self::Backend { body, .. } => body.size_hint(),
        }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if let Self::Backend { body, exchange, ended } = self
            && !*ended
            && !body.is_end_stream()
        {
            // The rest of the answer is still in the connection: it cannot serve another request.
            exchange.connection = None;
        }
    }
}
