//! Backends that fail: what is retried, what is not, and what is counted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use http::{Request, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::bed::{Backend, Bed, free_address, wait_until};

fn add_dead(route: &mut serde_json::Value, pool: usize, address: SocketAddr) {
    let backends = route["pools"][pool]["backends"].as_array_mut().unwrap();
    backends.push(json!({"target": "dead", "address": address}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_backend_costs_no_request() {
    let bed = Bed::start().await;
    let alive = Backend::start("alive").await;
    let mut route = bed.route(1, &[("1.0.0", 10_000, &[&alive])]);
    add_dead(&mut route, 0, free_address().await);
    bed.set(&route).await;
    let mut client = bed.client().await;
    for _ in 0..50 {
        // Nothing was sent to the dead one, so that a POST may go elsewhere too.
        let reply = client.send(Request::post("/echo").body("once".into()).unwrap()).await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, "once"));
    }
    assert!(bed.sample("shipway_router_retries_total", "1.0.0", "").await >= 1);
    assert_eq!(bed.sample("shipway_router_request_errors_total", "1.0.0", "").await, 0);
    let status = bed.status().await;
    let dead =
        status["backends"].as_array().unwrap().iter().find(|backend| backend["target"] == "dead").unwrap();
    assert_eq!(dead["healthy"], false, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_version_is_answered_by_another_and_counts_its_errors() {
    let bed = Bed::start().await;
    let alive = Backend::start("alive").await;
    let mut route = bed.route(1, &[("1.0.0", 1, &[&alive]), ("2.0.0", 9_999, &[])]);
    add_dead(&mut route, 1, free_address().await);
    bed.set(&route).await;
    let mut client = bed.client().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.version(), "1.0.0");
    }
    let named = || Request::get("/").header("x-shipway-version", "2.0.0").body(String::new()).unwrap();
    let reply = client.send(named()).await;
    assert_eq!(reply.status, StatusCode::BAD_GATEWAY, "who names a version is not answered by another");
    assert_eq!(reply.json()["code"], "backend-unreachable");
    assert!(bed.sample("shipway_router_request_errors_total", "2.0.0", "").await >= 20);
    assert_eq!(bed.sample("shipway_router_request_errors_total", "1.0.0", "").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_not_sent_again() {
    let bed = Bed::start().await;
    let backends = [Backend::start("a").await, Backend::start("b").await];
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &backends.each_ref())])).await;
    let mut client = bed.client().await;
    for n in 1..=20 {
        let reply = client.send(Request::post("/break").body("pay".into()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
        assert_eq!(reply.json()["code"], "no-answer");
        let n_requests: usize = backends.iter().map(|backend| backend.n_requests.load(SeqCst)).sum();
        assert_eq!(n_requests, n, "each was sent once");
    }
    assert_eq!(bed.sample("shipway_router_request_errors_total", "1.0.0", "").await, 20);
    assert_eq!(bed.sample("shipway_router_requests_total", "1.0.0", r#",code="none""#).await, 20);
    assert_eq!(bed.sample("shipway_router_retries_total", "1.0.0", "").await, 0);
}

/// A backend that answers the first request of each connection and, having read the second, closes.
async fn closes_after_first(tasks: &mut JoinSet<()>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, n_requests) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&n_requests);
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            for nth in 0..2 {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                count.fetch_add(usize::from(!head.is_empty()), SeqCst);
                if nth == 0 {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                }
            }
        }
    });
    (address, n_requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_alive_connection_that_closed_is_retried_for_idempotent_methods_only() {
    let bed = Bed::start().await;
    let mut tasks = JoinSet::new();
    let (address, n_requests) = closes_after_first(&mut tasks).await;
    let mut route = bed.route(1, &[("1.0.0", 10_000, &[])]);
    add_dead(&mut route, 0, address);
    bed.set(&route).await;
    let mut client = bed.client().await;
    assert_eq!(client.get("/").await.status, StatusCode::OK);
    assert_eq!(client.get("/").await.status, StatusCode::OK, "retried on a new connection");
    assert_eq!(n_requests.load(SeqCst), 3);
    assert_eq!(bed.sample("shipway_router_retries_total", "1.0.0", "").await, 1);
    let post = Request::post("/").body(String::new()).unwrap();
    assert_eq!(client.send(post).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(n_requests.load(SeqCst), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_take_a_backend_out_and_bring_it_back() {
    let bed = Bed::start().await;
    let (steady, place) = (Backend::start("steady").await, free_address().await);
    let mut route = bed.route(1, &[("1.0.0", 10_000, &[&steady])]);
    add_dead(&mut route, 0, place);
    route["health"] = json!({"path": "/health", "interval": "20ms", "timeout": "1s", "failureLimit": 2});
    bed.set(&route).await;
    let healthy = async || {
        let status = bed.status().await;
        let backends = status["backends"].as_array().unwrap();
        backends.iter().filter(|backend| backend["healthy"] == true).count()
    };
    wait_until("the dead backend is down", async || healthy().await == 1).await;
    let mut client = bed.client().await;
    for _ in 0..30 {
        assert_eq!(client.get("/").await.text, "steady");
    }
    assert_eq!(bed.sample("shipway_router_retries_total", "1.0.0", "").await, 0, "it was not even tried");
    let _back = Backend::start_at("back", place).await;
    wait_until("the backend is up again", async || healthy().await == 2).await;
    wait_until("it serves", async || bed.client().await.get("/").await.text == "back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_backend_the_answer_says_which_service_and_why() {
    let bed = Bed::start().await;
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[])])).await;
    let reply = bed.client().await.get("/").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "service `web` in `prod` cannot be served: no version has a backend (1.0.0)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_not_an_error() {
    let bed = Bed::start().await;
    let backend = Backend::start("slow").await;
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[&backend])])).await;
    let mut client = bed.client().await;
    let asking = tokio::spawn(async move { client.get("/held").await });
    backend.holds(1).await;
    asking.abort();
    wait_until("the request ended", async || {
        bed.sample("shipway_router_requests_total", "1.0.0", r#",code="abandoned""#).await == 1
    })
    .await;
    assert_eq!(bed.sample("shipway_router_request_errors_total", "1.0.0", "").await, 0);
    assert_eq!(bed.sample("shipway_router_requests_in_flight", "1.0.0", "").await, 0);
}
