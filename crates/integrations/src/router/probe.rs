//! Active health: each backend is asked for a path at an interval, on a connection of its own.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use shipway_model::routing::HealthProbe;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::backend::BackendState;

/// Probes for ever. A status from 200 to 399 within the timeout passes; anything else is a failure.
pub(super) async fn watch(backend: Arc<BackendState>, probe: HealthProbe) {
    let mut ticks = interval(probe.interval.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(probe.timeout.duration(), ask(&backend, &probe.path)).await {
            Ok(Ok(status)) if status.is_success() || status.is_redirection() => backend.recovered(),
            result => {
                tracing::debug!(target = %backend.target, address = %backend.address, ?result, "probe failed");
                backend.probe_failed(probe.failure_limit);
            }
        }
    }
}

async fn ask(backend: &BackendState, path: &str) -> io::Result<StatusCode> {
    let stream = TcpStream::connect(backend.address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let request = Request::get(path)
        .header(header::HOST, backend.address.to_string())
        .header(header::USER_AGENT, "shipway-router")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    // The connection is driven here, not in a task of its own, so that the timeout ends it too. It may end first;
    // the answer, or that there is none, is then known.
    let mut answer = pin!(sender.send_request(request));
    let answer = tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    };
    Ok(answer.map_err(io::Error::other)?.status())
}
