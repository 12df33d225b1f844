//! A server that answers as a test says and keeps what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(super) type Answer = Response<Full<Bytes>>;
type Handler = dyn Fn(&Request<Bytes>) -> Option<Answer> + Send + Sync;

/// Ends when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Request<Bytes>>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Where `handler` gives nothing, the answer never comes.
    pub(super) async fn start(
        handler: impl Fn(&Request<Bytes>) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, handler) =
            (Arc::<Mutex<Vec<_>>>::default(), Arc::<Handler>::from(Box::new(handler) as Box<Handler>));
        let kept = asked.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, handler) = (kept.clone(), handler.clone());
                let service = service_fn(move |request| answer(kept.clone(), handler.clone(), request));
                connections.spawn(async move {
                    // The client may leave when it likes.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Request<Bytes>> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    asked: Arc<Mutex<Vec<Request<Bytes>>>>,
    handler: Arc<Handler>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|it| it.to_bytes()).unwrap_or_default();
    let request = Request::from_parts(head, body);
    let answer = handler(&request);
    asked.lock().unwrap().push(request);
    match answer {
        Some(answer) => Ok(answer),
        None => std::future::pending().await,
    }
}

pub(super) fn text(status: u16, body: impl Into<Bytes>) -> Answer {
    Response::builder().status(status).body(Full::new(body.into())).unwrap()
}
