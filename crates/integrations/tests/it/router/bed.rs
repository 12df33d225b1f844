//! What the router's tests stand on: a router, backends that do as told, and a client that keeps its
//! connection.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shipway_integrations::router::{Router, RouterConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// More than anything here takes; reached only by a router that hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A router with one service `web` in `prod`.
pub(super) struct Bed {
    pub(super) router: Router,
    pub(super) admin: SocketAddr,
    pub(super) listen: SocketAddr,
}

impl Bed {
    pub(super) async fn start() -> Self {
        Self::start_with(None, None).await
    }

    pub(super) async fn start_with(state_file: Option<PathBuf>, token: Option<&str>) -> Self {
        let admin = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = RouterConfig { admin, state_file, token: token.map(str::to_owned), workers: 2 };
        let router = Router::start(config).await.unwrap();
        let admin = router.admin_address();
        Self { router, admin, listen: free_address().await }
    }

    /// A route with these pools: version, weight, backends.
    pub(super) fn route(&self, revision: u64, pools: &[(&str, u16, &[&Backend])]) -> Value {
        let backend = |(n, backend): (usize, &&Backend)| json!({"target": format!("host-{n}"), "address": backend.address});
        let pool = |(version, weight, backends): &(&str, u16, &[&Backend])| {
            let backends: Vec<_> = backends.iter().enumerate().map(backend).collect();
            json!({"version": version, "weightBp": weight, "backends": backends})
        };
        let pools: Vec<_> = pools.iter().map(pool).collect();
        json!({
            "environment": "prod", "service": "web", "listen": self.listen,
            "revision": revision, "pools": pools, "drain": "10s",
        })
    }

    pub(super) async fn put(&self, route: &Value) -> Reply {
        let request = Request::put("/routes/prod/web").body(route.to_string()).unwrap();
        Client::open(self.admin).await.send(request).await
    }

    /// Puts a route that must be accepted.
    pub(super) async fn set(&self, route: &Value) {
        let reply = self.put(route).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    }

    pub(super) async fn client(&self) -> Client {
        Client::open(self.listen).await
    }

    pub(super) async fn status(&self) -> Value {
        Client::open(self.admin).await.get("/routes/prod/web").await.json()
    }

    /// A sample of the metrics by its whole name with labels.
    pub(super) async fn sample(&self, name: &str, version: &str, more: &str) -> u64 {
        let text = Client::open(self.admin).await.get("/metrics").await.text;
        let series = format!(r#"{name}{{environment="prod",service="web",version="{version}"{more}}} "#);
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
    }
}

/// A server that answers with its name, or as the path asks:
/// `/echo` sends the body back, `/head` the request's head, `/held` waits for [`Backend::release`],
/// `/break` reads the body and closes, `/status/N` answers N, `/ws` switches protocols and echoes.
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    pub(super) n_requests: Arc<AtomicUsize>,
    n_held: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    _tasks: JoinSet<()>,
}

struct Behaviour {
    name: String,
    n_requests: Arc<AtomicUsize>,
    n_held: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Backend {
    pub(super) async fn start(name: &str) -> Self {
        Self::start_at(name, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub(super) async fn start_at(name: &str, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Behaviour {
            name: name.to_owned(),
            n_requests: Arc::default(),
            n_held: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        });
        let mut tasks = JoinSet::new();
        let (n_requests, n_held, gate) =
            (behaviour.n_requests.clone(), behaviour.n_held.clone(), behaviour.gate.clone());
        tasks.spawn(async move {
            // Connections end with the backend.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let behaviour = Arc::clone(&behaviour);
                connections.spawn(async move {
                    let service = service_fn(|request| behave(Arc::clone(&behaviour), request));
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades();
                    let _ = connection.await;
                });
            }
        });
        Self { address, n_requests, n_held, gate, _tasks: tasks }
    }

    pub(super) fn release(&self) {
        self.gate.add_permits(1);
    }

    /// Waits until so many requests are held.
    pub(super) async fn holds(&self, count: usize) {
        wait_until("the backend holds requests", async || self.n_held.load(SeqCst) >= count).await;
    }
}

async fn behave(
    backend: Arc<Behaviour>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, String> {
    backend.n_requests.fetch_add(1, SeqCst);
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/echo" => Ok(Response::new(Full::new(read(request.into_body()).await?))),
        "/head" => {
            let mut text = format!("{} {}\n", request.method(), request.uri());
            for (name, value) in request.headers() {
                text += &format!("{name}: {}\n", value.to_str().unwrap());
            }
            Ok(Response::new(Full::from(text)))
        }
        "/held" => {
            backend.n_held.fetch_add(1, SeqCst);
            backend.gate.acquire().await.unwrap().forget();
            Ok(Response::new(Full::from(backend.name.clone())))
        }
        "/break" => {
            read(request.into_body()).await?;
            Err("told to break".to_owned())
        }
        "/ws" => {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
            let switch = Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "websocket");
            Ok(switch.body(Full::default()).unwrap())
        }
        path => {
            let status = path.strip_prefix("/status/").map_or(200, |status| status.parse().unwrap());
            let answer = Response::builder().status(status).header("keep-alive", "timeout=5");
            Ok(answer.body(Full::from(backend.name.clone())).unwrap())
        }
    }
}

async fn read(body: Incoming) -> Result<Bytes, String> {
    Ok(body.collect().await.map_err(|fault| fault.to_string())?.to_bytes())
}

/// One keep-alive connection. Every request waits for its answer.
pub(super) struct Client {
    sender: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

impl Client {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Self { sender, _driver: driver }
    }

    pub(super) async fn get(&mut self, path: &str) -> Reply {
        self.send(Request::get(path).body(String::new()).unwrap()).await
    }

    pub(super) async fn send(&mut self, request: Request<String>) -> Reply {
        self.try_send(request).await.unwrap()
    }

    pub(super) async fn try_send(&mut self, mut request: Request<String>) -> Result<Reply, hyper::Error> {
        request.headers_mut().entry(header::HOST).or_insert_with(|| "shop.example".parse().unwrap());
        let exchange = async {
            self.sender.ready().await?;
            let answer = self.sender.send_request(request.map(Full::from)).await?;
            let (head, body) = answer.into_parts();
            let text = String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap();
            Ok(Reply { status: head.status, headers: head.headers, text })
        };
        tokio::time::timeout(PATIENCE, exchange).await.expect("the answer took too long")
    }
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: http::HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|fault| panic!("{fault}: {}", self.text))
    }

    pub(super) fn version(&self) -> &str {
        self.headers["x-shipway-version"].to_str().unwrap()
    }

    /// The session cookie that the answer sets, as a request sends it.
    pub(super) fn cookie(&self) -> Option<String> {
        let line = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        Some(line.split(';').next().unwrap().to_owned())
    }
}

/// An address that nobody takes before it is used: each has a loopback host of its own, told apart by process
/// and count, on which nothing else asks for free ports.
pub(super) async fn free_address() -> SocketAddr {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let count = NEXT.fetch_add(1, SeqCst) % (250 * 4);
    let process = std::process::id() as usize % (60 * 250);
    let host = [127, 1 + process / 250 * 4 + count / 250, process % 250, 1 + count % 250];
    let host = Ipv4Addr::from(host.map(|part| part as u8));
    TcpListener::bind((host, 0)).await.unwrap().local_addr().unwrap()
}

pub(super) async fn wait_until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Counts by key.
pub(super) fn tally<K: std::hash::Hash + Eq>(items: impl IntoIterator<Item = K>) -> HashMap<K, usize> {
    items.into_iter().fold(HashMap::new(), |mut counts, item| {
        *counts.entry(item).or_default() += 1;
        counts
    })
}
