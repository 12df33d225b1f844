//! A request's body on its way to a backend, and the clock of how it gets on.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

/// The body. Its progress is watched, because the time for an answer counts from the end of the upload.
pub(super) struct Upload {
    /// Nothing when the request has no body.
    body: Option<Incoming>,
    progress: Option<Rc<Progress>>,
}

/// Where the upload stands.
pub(super) struct Progress {
    pub(super) last_at: Cell<Instant>,
    pub(super) ended: Cell<bool>,
    /// The client broke off in the middle.
    pub(super) broken: Cell<bool>,
}

impl Upload {
    /// The body and, unless it is empty, its progress.
    pub(super) fn new(body: Incoming) -> (Self, Option<Rc<Progress>>) {
        if body.is_end_stream() {
            return (Self::empty(), None);
        }
        let (last_at, ended, broken) = (Cell::new(Instant::now()), Cell::new(false), Cell::new(false));
        let progress = Some(Rc::new(Progress { last_at, ended, broken }));
        (Self { body: Some(body), progress: progress.clone() }, progress)
    }

    pub(super) fn empty() -> Self {
        Self { body: None, progress: None }
    }
}

impl Progress {
    fn note(&self, frame: Option<&Result<Frame<Bytes>, hyper::Error>>) {
        self.last_at.set(Instant::now());
        match frame {
            None => self.ended.set(true),
            Some(Err(_)) => self.broken.set(true),
            Some(Ok(_)) => {}
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { body: Some(body), progress } = &mut *self else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
        if let Some(progress) = progress {
            progress.note(frame.as_ref());
            progress.ended.set(progress.ended.get() || body.is_end_stream());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
