//! The way of a request: choose a version and a backend, send, retry where nothing can happen twice, hand the
//! answer over.
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

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, request};
use hyper::body::{Body as _, Incoming};
use shipway_model::routing::VERSION_HEADER;
use std::time::Instant;

use super::client::Client;
use super::exchange::{Download, Exchange};
use super::headers::{self, Upgrade};
use super::problem::Problem;
use super::sticky;
use super::table::{BUCKETS, Bucket, Place, Spread, Table};
use super::tunnel;
use super::upload::{Progress, Upload};

/// Tries after the first.
const RETRIES_MAX: usize = 2;
/// From the end of the upload to the head of the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Answers a request, in whatever way.
pub(super) async fn answer(
    client: Rc<Client>,
    table: Arc<Table>,
    request: Request<Incoming>,
) -> Response<Download> {
    let started_at = Instant::now();
    let (mut head, body) = request.into_parts();
    let upgrade = match headers::prepare_request(&mut head, &client.peer) {
        Ok(upgrade) => upgrade,
        Err(fault) => return Problem::new(StatusCode::BAD_REQUEST, "bad-request", fault.to_string()).into_answer(),
    };
    let Some(choice) = Choice::make(&client, &table, &head) else { return no_backend(&table) };
    let Some(place) = table.choose(choice.pool, choice.spread, &[], started_at) else {
        return no_backend(&table);
    };
    let exchange = Exchange::start(Rc::clone(&client.worker), Arc::clone(&table), place, started_at);
    let client_upgrade = (upgrade == Upgrade::Websocket).then(|| head.extensions.remove()).flatten();
    let attempt = Attempt { exchange, tried: Vec::new(), choice, started_at };
    let (exchange, result) = attempt.run(head, body).await;
    let mut answer = match result {
        Ok(answer) => tunnel::deliver(answer, exchange, client_upgrade),
        Err(problem) => {
            let mut answer = problem.into_answer();
            answer.headers_mut().insert(VERSION_HEADER, exchange.pool().version_header.clone());
            answer
        }
    };
    if let Some(bucket) = choice.new_session
        && let Some(sticky) = &table.route.sticky
        && let Some(cookie) = sticky::write(sticky, bucket)
    {
        answer.headers_mut().append(http::header::SET_COOKIE, cookie);
    }
    answer
}

/// Where a request goes, before anything was tried.
#[derive(Clone, Copy)]
struct Choice {
    pool: usize,
    spread: Spread,
    /// The request named its version.
    named: bool,
    /// The session that this answer starts.
    new_session: Option<Bucket>,
}

impl Choice {
    fn make(client: &Client, table: &Table, head: &request::Parts) -> Option<Self> {
        let random = client.worker.random();
        let drawn = (random % u64::from(BUCKETS)) as Bucket;
        let sticky = table.route.sticky.as_ref();
        let session = sticky.and_then(|sticky| sticky::read(&head.headers, sticky));
        let bucket = session.unwrap_or(drawn);
        let spread = if sticky.is_some() { Spread::Session(bucket) } else { Spread::LeastBusy(random) };
        let named = head.headers.get(VERSION_HEADER).and_then(|version| table.pool_named(version));
        // Looking at a version by name starts no session: the cookie would outlive the look.
        let starts = sticky.is_some() && session.is_none() && named.is_none();
        let pool = named.or_else(|| table.pool_at(bucket))?;
        Some(Self { pool, spread, named: named.is_some(), new_session: starts.then_some(bucket) })
    }
}

/// A request under way, over as many backends as it takes.
struct Attempt {
    exchange: Exchange,
    tried: Vec<Place>,
    choice: Choice,
    started_at: Instant,
}

/// How one try ended without an answer.
enum Failure {
    /// Nothing reached the backend; the request is whole.
    Unsent(Request<Upload>, String),
    /// A kept-alive connection closed; the head of a request that may be sent twice.
    Stale(request::Parts, Upload),
    Final(Problem),
}

impl Attempt {
    async fn run(mut self, head: request::Parts, body: Incoming) -> (Exchange, Result<Response<Incoming>, Problem>) {
        let (body, progress) = Upload::new(body);
        let mut request = Request::from_parts(head, body);
        loop {
            let (again, reason) = match self.send(request, progress.as_deref()).await {
                Ok(answer) => {
                    self.exchange.answered(answer.status());
                    return (self.exchange, Ok(answer));
                }
                Err(Failure::Unsent(request, reason)) => {
                    self.tried.push(self.exchange.place);
                    (request, reason)
                }
                Err(Failure::Stale(head, body)) => {
                    (Request::from_parts(head, body), "the connection closed".to_owned())
                }
                Err(Failure::Final(problem)) => return (self.exchange, Err(problem)),
            };
            request = again;
            if !self.find_next() {
                self.exchange.failed();
                let problem = Problem::new(StatusCode::BAD_GATEWAY, "backend-unreachable", self.tell(&reason));
                return (self.exchange, Err(problem));
            }
        }
    }
}
