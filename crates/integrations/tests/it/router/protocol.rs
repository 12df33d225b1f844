//! What goes over the wire: HTTP/2, forwarding fields, and input that is refused.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bed::{Backend, Bed, PATIENCE};

async fn bed_with_backend() -> (Bed, Backend) {
    let bed = Bed::start().await;
    let backend = Backend::start("a").await;
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[&backend])])).await;
    (bed, backend)
}

/// Sends bytes as they are and returns what comes back until the router closes.
async fn send_raw(bed: &Bed, text: &str) -> String {
    let mut stream = TcpStream::connect(bed.listen).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut back = Vec::new();
    // A reset after the refusal is the router's right.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut back)).await.expect("the router hangs");
    String::from_utf8(back).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_clients_are_served_over_one_connection() {
    let (bed, backend) = bed_with_backend().await;
    let stream = TcpStream::connect(bed.listen).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let ask = |path: &str, body: &'static str| {
        let request = Request::post(format!("http://shop.example{path}"))
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let request = request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap();
        let mut sender = sender.clone();
        async move {
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert!(!answer.headers().contains_key("keep-alive"));
            String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
        }
    };
    let (one, other) = tokio::join!(ask("/echo", "one"), ask("/echo", "other"));
    assert_eq!((one.as_str(), other.as_str()), ("one", "other"));
    let head = ask("/head", "").await;
    for line in ["POST /head", "host: shop.example", "cookie: a=1; b=2", "x-forwarded-host: shop.example"] {
        assert!(head.lines().any(|held| held == line), "no `{line}` in\n{head}");
    }
    assert_eq!(backend.n_requests.load(std::sync::atomic::Ordering::SeqCst), 3);
    driver.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_forwarded_without_hop_by_hop_fields() {
    let (bed, _backend) = bed_with_backend().await;
    let request = Request::get("/head?q=1")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("x-forwarded-for", "198.51.100.1")
        .header("te", "trailers");
    let reply = bed.client().await.send(request.body(String::new()).unwrap()).await;
    let mut lines: Vec<_> = reply.text.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /head?q=1",
            "host: shop.example",
            "x-forwarded-for: 198.51.100.1, 127.0.0.1",
            "x-forwarded-host: shop.example",
            "x-forwarded-proto: http",
        ]
    );
    let reply = bed.client().await.get("/").await;
    assert!(!reply.headers.contains_key("keep-alive"), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_stream_both_ways() {
    let (bed, _backend) = bed_with_backend().await;
    let body = "0123456789abcdef".repeat(512 * 1024);
    let reply = bed.client().await.send(Request::post("/echo").body(body.clone()).unwrap()).await;
    assert!(reply.text == body, "the body came back changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_and_oversized_heads_are_refused() {
    let (bed, backend) = bed_with_backend().await;
    let oversized = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(40_000));
    for (request, status) in [
        (oversized.as_str(), 431),
        ("GET / HTTP/1.1\r\nconnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\na", 400),
        ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, x\r\n\r\n0\r\n\r\n", 400),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
        ("CONNECT a:80 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 400),
    ] {
        let reply = send_raw(&bed, request).await;
        let line = reply.lines().next().unwrap_or_default();
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "`{line}` for {request:.80}");
    }
    assert_eq!(backend.n_requests.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_within_a_body_stays_a_body() {
    let (bed, backend) = bed_with_backend().await;
    // Both framings: the chunks count, the length is dropped, and the router closes no door for a second request.
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    let request = format!(
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
         {:x}\r\n{smuggled}\r\n0\r\n\r\n",
        smuggled.len()
    );
    let reply = send_raw(&bed, &request).await;
    assert!(reply.starts_with("HTTP/1.1 200") && reply.contains("GET /smuggled"), "{reply}");
    assert_eq!(backend.n_requests.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_to_http2_is_not_passed_on() {
    let (bed, _backend) = bed_with_backend().await;
    let request = "GET /head HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings, close\r\n\
                   upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n";
    let reply = send_raw(&bed, request).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(!reply.contains("h2c") && !reply.contains("http2-settings"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_two_framings_is_passed_on_with_one() {
    let bed = Bed::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut route = bed.route(1, &[("1.0.0", 10_000, &[])]);
    route["pools"][0]["backends"] =
        serde_json::json!([{"target": "odd", "address": listener.local_addr().unwrap()}]);
    bed.set(&route).await;
    let backend = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let mut client = bed.client().await;
    let reply = client.get("/").await;
    assert_eq!(reply.text, "hello");
    assert!(!reply.headers.contains_key("content-length"), "{reply:?}");
    backend.abort();
}
