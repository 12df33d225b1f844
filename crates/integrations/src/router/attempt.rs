//! A request under way, over as many backends as it takes.
//!
//! # What is retried
//!
//! At most [`RETRIES_MAX`] times, and only when the backend cannot have acted on the request or acting twice
//! is harmless:
//!
//! - the connect failed, so nothing was sent: on another backend of the version; when none is left, on a
//!   version with weight (unless the request named its version: it must not be answered by another);
//! - the connection closed before the request was written to it: again in the same way;
//! - a kept-alive connection closed without an answer, as servers do when they find it idle: again, for
//!   methods that are idempotent (RFC 9110, section 9.2.2) and have no body.
//!
//! Everything else is the client's to decide: it gets 502, or 504 when the answer did not come in time. A
//! version that could not be reached counts an error, even when another version then answers.

use std::error::Error as _;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use shipway_model::routing::Route;
use tokio::time::{timeout, timeout_at};

use super::exchange::Exchange;
use super::forward::Choice;
use super::problem::Problem;
use super::table::{Place, Table};
use super::upload::{Progress, Upload};
use super::upstream::Connection;

/// Tries after the first.
const RETRIES_MAX: usize = 2;
/// From the end of the upload to the head of the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A request that has a backend and no answer yet.
pub(super) struct Attempt {
    table: Arc<Table>,
    exchange: Exchange,
    choice: Choice,
    /// Backends that could not be reached.
    tried: Vec<Place>,
    n_retries: usize,
}

/// How one try ended without an answer.
enum Failure {
    /// The backend cannot have acted on it, or may do so twice.
    Again(Box<Request<Upload>>),
    Final(Problem),
}

impl Attempt {
    pub(super) fn new(table: Arc<Table>, exchange: Exchange, choice: Choice) -> Self {
        Self { table, exchange, choice, tried: Vec::new(), n_retries: 0 }
    }

    /// The answer or the problem, and the exchange that it belongs to.
    pub(super) async fn run(
        mut self,
        mut request: Request<Upload>,
        progress: Option<Rc<Progress>>,
    ) -> (Exchange, Ended) {
        let mut source = Source::Any;
        loop {
            let connection = match self.connect(source).await {
                Ok(connection) => connection,
                Err(fault) if self.move_on() => {
                    tracing::debug!(%fault, "backend unreachable, trying another");
                    source = Source::Any;
                    continue;
                }
                Err(fault) => return self.give_up(&fault.to_string()),
            };
            match self.send(connection, request, progress.as_deref()).await {
                Ok(answer) => {
                    self.exchange.answered(answer.status());
                    return (self.exchange, Ok(answer));
                }
                Err(Failure::Final(problem)) => return (self.exchange, Err(problem)),
                // The first time the idle connection was to blame, after that the backend is.
                Err(Failure::Again(again)) if matches!(source, Source::Any) && self.may_retry() => {
                    (request, source) = (*again, Source::New);
                }
                Err(Failure::Again(again)) if self.move_on() => (request, source) = (*again, Source::Any),
                Err(Failure::Again(_)) => return self.give_up("the connection closed"),
            }
        }
    }

    async fn connect(&self, source: Source) -> io::Result<Connection> {
        let (backend, upstreams) = (self.exchange.backend(), &self.exchange.worker().upstreams);
        if let Source::Any = source
            && let Some(connection) = upstreams.take(backend.id)
        {
            return Ok(connection);
        }
        let probed = self.table.route.health.is_some();
        let connected = upstreams.connect(backend).await;
        match &connected {
            Ok(_) if !probed => backend.recovered(),
            Err(fault) if is_of_backend(fault) => backend.connect_failed(Instant::now(), probed),
            _ => {}
        }
        connected
    }

    async fn send(
        &mut self,
        mut connection: Connection,
        request: Request<Upload>,
        progress: Option<&Progress>,
    ) -> Result<Response<Incoming>, Failure> {
        let repeatable = connection.reused && progress.is_none() && request.method().is_idempotent();
        let copy = repeatable.then(|| copy_of_bodyless(&request));
        let sent = connection.sender.try_send_request(request);
        let mut fault = match in_time(sent, progress).await {
            Ok(Ok(answer)) => {
                self.exchange.connection = Some(connection);
                return Ok(answer);
            }
            Ok(Err(fault)) => fault,
            Err(late) => return Err(Failure::Final(self.late(late))),
        };
        if let Some(unsent) = fault.take_message() {
            return Err(Failure::Again(Box::new(unsent)));
        }
        let fault = fault.into_error();
        match copy {
            Some(copy) if closed_without_answer(&fault) => Err(Failure::Again(Box::new(copy))),
            _ => Err(Failure::Final(self.broken(&fault, progress))),
        }
    }

    fn may_retry(&mut self) -> bool {
        let may = self.n_retries < RETRIES_MAX;
        if may {
            self.n_retries += 1;
            self.exchange.retried();
        }
        may
    }

    /// Goes on to a backend that was not tried yet; false when there is none or enough was tried.
    fn move_on(&mut self) -> bool {
        let (spread, now) = (self.choice.spread, Instant::now());
        self.tried.push(self.exchange.place());
        let same = self.table.choose(self.choice.pool, spread, &self.tried, now);
        let next = match same {
            None if !self.choice.named => self.table.choose_elsewhere(spread, &self.tried, now),
            same => same,
        };
        match next {
            Some(place) if self.may_retry() => {
                self.exchange.move_to(place);
                true
            }
            _ => false,
        }
    }

    fn give_up(mut self, reason: &str) -> (Exchange, Ended) {
        self.exchange.failed();
        let detail = self.tell(&format!("cannot be reached: {reason}"));
        (self.exchange, Err(Problem::new(StatusCode::BAD_GATEWAY, "backend-unreachable", detail)))
    }

    fn late(&mut self, late: Late) -> Problem {
        match late {
            Late::Backend => {
                self.exchange.failed();
                let detail = self.tell(&format!("did not answer within {} s", ANSWER_TIMEOUT.as_secs()));
                Problem::new(StatusCode::GATEWAY_TIMEOUT, "backend-timeout", detail)
            }
            Late::Client => {
                let detail = format!("the request's body stood still for {} s", ANSWER_TIMEOUT.as_secs());
                Problem::new(StatusCode::REQUEST_TIMEOUT, "upload-timeout", detail)
            }
        }
    }

    fn broken(&mut self, fault: &hyper::Error, progress: Option<&Progress>) -> Problem {
        if progress.is_some_and(|progress| progress.broken.get()) {
            let detail = "the request's body broke off".to_owned();
            return Problem::new(StatusCode::BAD_REQUEST, "upload-broken", detail);
        }
        self.exchange.failed();
        let detail = self.tell(&format!("gave no answer: {fault}"));
        Problem::new(StatusCode::BAD_GATEWAY, "no-answer", detail)
    }

    fn tell(&self, what: &str) -> String {
        let Route { environment, service, .. } = &*self.table.route;
        let (version, target) = (&self.exchange.pool().version, &self.exchange.backend().target);
        format!("service `{service}` in `{environment}`: version {version} on `{target}` {what}")
    }
}

pub(super) type Ended = Result<Response<Incoming>, Problem>;

/// Where a connection may come from.
#[derive(Clone, Copy)]
enum Source {
    /// One that is open already, if there is one.
    Any,
    New,
}

/// Who took too long.
enum Late {
    Backend,
    Client,
}

/// Waits for an answer for as long as the upload moves, and for its timeout after that.
async fn in_time<T>(answer: impl Future<Output = T>, progress: Option<&Progress>) -> Result<T, Late> {
    let Some(progress) = progress else {
        return timeout(ANSWER_TIMEOUT, answer).await.map_err(|_| Late::Backend);
    };
    let mut answer = pin!(answer);
    loop {
        let last_at = progress.last_at.get();
        match timeout_at(last_at + ANSWER_TIMEOUT, answer.as_mut()).await {
            Ok(answer) => return Ok(answer),
            Err(_) if progress.last_at.get() > last_at => {}
            Err(_) if progress.ended.get() => return Err(Late::Backend),
            Err(_) => return Err(Late::Client),
        }
    }
}

fn copy_of_bodyless(request: &Request<Upload>) -> Request<Upload> {
    let mut copy = Request::new(Upload::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

fn closed_without_answer(fault: &hyper::Error) -> bool {
    let source = fault.source().and_then(|source| source.downcast_ref::<io::Error>());
    let reset = source.is_some_and(|fault| {
        matches!(fault.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    });
    fault.is_incomplete_message() || fault.is_closed() || reset
}

/// Whether a failed connect says something about the backend, and not about this machine's descriptors or ports.
fn is_of_backend(fault: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        fault.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::TimedOut
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
    )
}
