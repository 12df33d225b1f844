//! Serving over HTTP/1.1, and stopping without dropping a request.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use crate::instance::Instance;
use crate::journal::{self, Answered, Turn};
use crate::reply::{Reply, error};

/// Bounds what is read of any request or answer.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long requests under way may take once the stop was asked for.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Every request under way was answered.
    Drained,
    /// Some were not done within [`DRAIN_MAX`].
    CutOff,
}

/// Answers requests until `stop` resolves; then takes no new connection and finishes what is under way.
pub async fn serve(listener: TcpListener, instance: Arc<Instance>, stop: impl Future<Output = ()>) -> Stop {
    let address = listener.local_addr().map(|it| it.to_string()).ok();
    journal::write(&instance, Turn { event: "listening", address });
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => spawn_connection(stream, &instance, &connections),
                // Out of file descriptors, most likely: some will come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
    drop(listener);
    instance.start_draining();
    journal::write(&instance, Turn { event: "draining", address: None });
    let drained = tokio::time::timeout(DRAIN_MAX, connections.shutdown()).await;
    journal::write(&instance, Turn { event: "stopped", address: None });
    if drained.is_ok() { Stop::Drained } else { Stop::CutOff }
}

fn spawn_connection(stream: TcpStream, instance: &Arc<Instance>, connections: &GracefulShutdown) {
    let instance = Arc::clone(instance);
    let service = service_fn(move |request| {
        let instance = Arc::clone(&instance);
        async move { Ok::<_, Infallible>(answer(&instance, request).await) }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // A client that breaks off is its own affair.
        let _ = connection.await;
    });
}

async fn answer(instance: &Instance, request: Request<Incoming>) -> Reply {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let traceparent = parts.headers.get("traceparent").cloned();
    let reply = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => instance.answer(Request::<Bytes>::from_parts(parts, body.to_bytes())).await,
        Err(_) => error(StatusCode::PAYLOAD_TOO_LARGE, "the body broke off or is over 64 KiB"),
    };
    let has_failed = reply.status().is_server_error();
    let (level, ending) = if has_failed { ("error", "failed") } else { ("info", "was answered") };
    journal::write(
        instance,
        Answered {
            level,
            message: format!("{method} {} {ending}", uri.path()),
            method: method.as_str(),
            path: uri.path(),
            status: reply.status().as_u16(),
            duration_ms: started.elapsed().as_secs_f64() * 1000.0,
            traceparent: traceparent.as_ref().and_then(|it| it.to_str().ok()),
        },
    );
    reply
}
