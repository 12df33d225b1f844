//! Websockets: after both sides agreed, bytes go both ways until one of them closes.

use std::rc::Rc;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::exchange::{Download, Exchange};
use super::headers;
use super::problem::Problem;

/// Answers 101 and runs the tunnel on the worker. It stays with its backend, whatever the weights become, until
/// either side closes or the backend's time to drain is over; until then it counts as in flight.
pub(super) fn open(
    mut answer: Response<Incoming>,
    mut exchange: Exchange,
    client: Option<OnUpgrade>,
) -> Response<Download> {
    // The connection is the tunnel's now and serves no other request.
    exchange.connection = None;
    let backend = hyper::upgrade::on(&mut answer);
    let (mut head, _) = answer.into_parts();
    let (Some(client), Ok(())) = (client, headers::prepare_response(&mut head)) else {
        exchange.failed();
        let detail = "the backend switched protocols without being asked";
        return Problem::new(StatusCode::BAD_GATEWAY, "bad-answer", detail).into_answer();
    };
    exchange.handed_over();
    let (worker, id) = (Rc::clone(exchange.worker()), exchange.backend().id);
    worker.upstreams.spawn(id, async move {
        if let (Ok(client), Ok(backend)) = (client.await, backend.await) {
            let (mut client, mut backend) = (TokioIo::new(client), TokioIo::new(backend));
            // Either side's fault ends the tunnel; there is nobody to tell.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut backend).await;
        }
        drop(exchange);
    });
    head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    head.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    Response::from_parts(head, Download::empty())
}
