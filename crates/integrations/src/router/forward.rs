//! The way of a request: choose a version and a backend, attempt it there, hand the answer over.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::header::{HeaderName, SET_COOKIE};
use http::{Request, Response, StatusCode, request};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use shipway_model::routing::{Route, VERSION_HEADER};

use super::attempt::Attempt;
use super::client::Client;
use super::exchange::{Download, Exchange};
use super::headers::{self, Upgrade};
use super::problem::Problem;
use super::sticky;
use super::table::{BUCKETS, Bucket, Spread, Table};
use super::tunnel;
use super::upload::Upload;
use super::worker::Worker;

/// Says which version answered; in a request, asks for one.
const VERSION: HeaderName = HeaderName::from_static(VERSION_HEADER);

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
        Err(fault) => {
            return Problem::new(StatusCode::BAD_REQUEST, "bad-request", fault.to_string()).into_answer();
        }
    };
    let Some(choice) = Choice::make(&client.worker, &table, &head) else { return no_backend(&table) };
    let Some(place) = table.choose(choice.pool, choice.spread, &[], started_at) else {
        return no_backend(&table);
    };
    let client_upgrade = head.extensions.remove::<OnUpgrade>().filter(|_| upgrade == Upgrade::Websocket);
    head.extensions.clear();
    let (body, progress) = Upload::new(body);
    let exchange = Exchange::start(Rc::clone(&client.worker), Arc::clone(&table), place, started_at);
    let attempt = Attempt::new(Arc::clone(&table), exchange, choice);
    let (exchange, ended) = attempt.run(Request::from_parts(head, body), progress).await;
    let version = exchange.pool().version_header.clone();
    let mut answer = match ended {
        Ok(answer) => deliver(answer, exchange, client_upgrade),
        Err(problem) => problem.into_answer(),
    };
    answer.headers_mut().insert(VERSION, version);
    if let Some(bucket) = choice.new_session
        && let Some(sticky) = &table.route.sticky
        && let Some(cookie) = sticky::write(sticky, bucket)
    {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

/// Hands over a backend's answer: a body, or a tunnel when it switched protocols as the client asked.
fn deliver(
    answer: Response<Incoming>,
    mut exchange: Exchange,
    client_upgrade: Option<OnUpgrade>,
) -> Response<Download> {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return tunnel::open(answer, exchange, client_upgrade);
    }
    let (mut head, body) = answer.into_parts();
    if let Err(fault) = headers::prepare_response(&mut head) {
        exchange.failed();
        exchange.connection = None;
        return Problem::new(StatusCode::BAD_GATEWAY, "bad-answer", fault.to_string()).into_answer();
    }
    Response::from_parts(head, Download::Backend { body, exchange, ended: false })
}

/// Where a request goes, before anything was tried.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub(super) pool: usize,
    pub(super) spread: Spread,
    /// The request named its version.
    pub(super) named: bool,
    /// The session that this answer starts.
    new_session: Option<Bucket>,
}

impl Choice {
    fn make(worker: &Worker, table: &Table, head: &request::Parts) -> Option<Self> {
        let random = worker.random();
        let drawn = (random % u64::from(BUCKETS)) as Bucket;
        let sticky = table.route.sticky.as_ref();
        let session = sticky.and_then(|sticky| sticky::read(&head.headers, sticky));
        let bucket = session.unwrap_or(drawn);
        let spread = if sticky.is_some() { Spread::Session(bucket) } else { Spread::LeastBusy(random) };
        let named = head.headers.get(VERSION).and_then(|version| table.pool_named(version));
        // Looking at a version by name starts no session: the cookie would outlive the look.
        let starts = sticky.is_some() && session.is_none() && named.is_none();
        let pool = named.or_else(|| table.pool_at(bucket))?;
        Some(Self { pool, spread, named: named.is_some(), new_session: starts.then_some(bucket) })
    }
}

fn no_backend(table: &Table) -> Response<Download> {
    let Route { environment, service, pools, .. } = &*table.route;
    let why = match pools.as_slice() {
        [] => "it has no route any more".to_owned(),
        pools => {
            let versions: Vec<_> = pools.iter().map(|pool| pool.version.as_str()).collect();
            format!("no version has a backend ({})", versions.join(", "))
        }
    };
    let detail = format!("service `{service}` in `{environment}` cannot be served: {why}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-backend", detail).into_answer()
}
