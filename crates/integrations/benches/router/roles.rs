//! What this program is when it starts itself again: the server behind the proxies, or the router.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use shipway_integrations::router::{Router, RouterConfig};

use crate::Result;

/// The environment variable that names the role.
pub(crate) const ROLE: &str = "SHIPWAY_BENCH_ROLE";

/// Plays the role of this process until its standard input closes; false when it has none.
pub(crate) fn play() -> Result<bool> {
    let argument = std::env::args().nth(1).unwrap_or_default();
    match std::env::var(ROLE).as_deref() {
        Ok("upstream") => serve_hello()?,
        Ok("router") => route(argument.parse()?)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A server of small answers, with a thread and a runtime per core.
fn serve_hello() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    for _ in 0..thread::available_parallelism()?.get() {
        let listener = listener.try_clone()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || runtime.block_on(accept(listener)));
    }
    announce(listener.local_addr()?)
}

async fn accept(listener: TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("within a runtime");
    let hello = async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"Hello from the server behind.\n"))))
    };
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(hello)));
    }
}

fn route(server: SocketAddr) -> Result<()> {
    let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let route = json!({
        "environment": "bench", "service": "hello", "listen": listen, "revision": 1, "drain": "1s",
        "pools": [{"version": "1.0.0", "weightBp": 10000, "backends": [{"target": "server", "address": server}]}],
    });
    // The route is taken up from the state file, as after a restart.
    let folder = tempfile::tempdir()?;
    let state_file = folder.path().join("routes.json");
    std::fs::write(&state_file, json!({"routes": [route], "removed": []}).to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let admin = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = RouterConfig { admin, state_file: Some(state_file), token: None, workers: 0 };
    let _router = runtime.block_on(Router::start(config))?;
    announce(listen)
}

fn announce(address: SocketAddr) -> Result<()> {
    println!("{address}");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
