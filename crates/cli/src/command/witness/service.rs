//! `POST /add-checkpoint`: one request, one decision, one line.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use shipway_ledger::witness::{AddCheckpoint, Refusal, SIZE_BYTES_MAX};
use shipway_ledger::{Cosigner, VerifierKey};
use shipway_runtime::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::memory::Memory;

/// Connections at once; more wait to be taken.
const CONNECTIONS_MAX: usize = 256;
/// How long a connection may be idle, take for the head of a request, or for its body.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Pause after `accept` failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const TEXT: &str = "text/plain; charset=utf-8";
/// Of the answer that tells the size that was seen.
const SIZE: &str = "text/x.tlog.size";

pub(super) struct Service {
    cosigner: Cosigner,
    logs: Vec<VerifierKey>,
    /// Held from the look at what was seen until the new view is on the disk.
    memory: Mutex<Memory>,
}

/// What is answered.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

/// Until the task is dropped.
pub(super) async fn serve(listener: TcpListener, service: Service) {
    let service = Arc::new(service);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(fault) => {
                tracing::warn!(%fault, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answer = service_fn(|request| respond(Arc::clone(&service), request));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(IDLE_MAX);
            if let Err(fault) = builder.serve_connection(TokioIo::new(stream), answer).await {
                tracing::debug!(%fault, "a connection ended by a fault");
            }
            drop(place);
        });
    }
}

async fn respond(
    service: Arc<Service>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let Answer { status, content_type, body } = match (request.method(), request.uri().path()) {
        (&Method::POST, "/add-checkpoint") => add_checkpoint(service, request.into_body()).await,
        (_, "/add-checkpoint") => Answer::text(StatusCode::METHOD_NOT_ALLOWED, "send it with POST"),
        _ => Answer::text(StatusCode::NOT_FOUND, "a witness answers at /add-checkpoint"),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type.parse().expect("a valid header"));
    Ok(response)
}

async fn add_checkpoint(service: Arc<Service>, body: Incoming) -> Answer {
    let body = match tokio::time::timeout(IDLE_MAX, Limited::new(body, SIZE_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(fault)) if fault.is::<http_body_util::LengthLimitError>() => {
            let message = format!("at most {SIZE_BYTES_MAX} bytes are read");
            return Answer::text(StatusCode::PAYLOAD_TOO_LARGE, &message);
        }
        Ok(Err(_)) => return Answer::text(StatusCode::BAD_REQUEST, "the request was cut off"),
        Err(_) => return Answer::text(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    };
    // It waits for the disk.
    let decided = tokio::task::spawn_blocking(move || service.decide(&body)).await;
    decided.unwrap_or_else(|_| Answer::text(StatusCode::INTERNAL_SERVER_ERROR, "the witness has failed"))
}

impl Service {
    pub(super) fn new(cosigner: Cosigner, logs: Vec<VerifierKey>, memory: Memory) -> Self {
        Self { cosigner, logs, memory: Mutex::new(memory) }
    }

    fn decide(&self, body: &[u8]) -> Answer {
        let request: AddCheckpoint = match str::from_utf8(body).map(str::parse) {
            Ok(Ok(request)) => request,
            Ok(Err(error)) => return Answer::text(StatusCode::BAD_REQUEST, &error.to_string()),
            Err(_) => return Answer::text(StatusCode::BAD_REQUEST, "the request is not text in UTF-8"),
        };
        // What a panicked holder left behind is whole: memory and disk change together, or the disk alone.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let accepted = match request.consider(&self.logs, memory.seen(request.origin())) {
            Ok(accepted) => accepted,
            Err(refusal) => return refused(&request, &refusal),
        };
        if let Err(fault) = memory.remember(accepted.log(), accepted.seen()) {
            tracing::error!(%fault, "what was seen cannot be kept, so nothing is signed");
            return Answer::text(StatusCode::SERVICE_UNAVAILABLE, "what was seen cannot be kept now");
        }
        drop(memory);
        let time_s = u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
        Answer { status: StatusCode::OK, content_type: TEXT, body: accepted.cosign(&self.cosigner, time_s) }
    }
}

/// The status that the protocol has for each refusal.
fn refused(request: &AddCheckpoint, refusal: &Refusal) -> Answer {
    let causes = std::iter::successors(Some(refusal as &dyn std::error::Error), |it| it.source());
    let sentence = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    if matches!(refusal, Refusal::Fork { .. } | Refusal::Inconsistent(_)) {
        // The log's own signature is on it: this is what a witness is there to find.
        tracing::error!(log = request.origin(), note = request.note, "refused: {sentence}");
    } else {
        tracing::info!(log = request.origin(), "refused: {sentence}");
    }
    match refusal {
        Refusal::UnknownLog(_) => Answer::text(StatusCode::NOT_FOUND, &sentence),
        Refusal::Unsigned(_) => Answer::text(StatusCode::FORBIDDEN, &sentence),
        Refusal::Malformed(_) | Refusal::OldSizeBeyond { .. } => {
            Answer::text(StatusCode::BAD_REQUEST, &sentence)
        }
        Refusal::Stale { seen, .. } | Refusal::Fork { size: seen, .. } => {
            Answer { status: StatusCode::CONFLICT, content_type: SIZE, body: format!("{seen}\n") }
        }
        Refusal::Inconsistent(_) => Answer::text(StatusCode::UNPROCESSABLE_ENTITY, &sentence),
    }
}

impl Answer {
    fn text(status: StatusCode, sentence: &str) -> Self {
        Self { status, content_type: TEXT, body: format!("{sentence}\n") }
    }
}
