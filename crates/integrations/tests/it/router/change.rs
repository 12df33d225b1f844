//! Changes under traffic: nothing is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::bed::{Backend, Bed, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn changes_under_load_drop_no_request() {
    let bed = Bed::start().await;
    let stable = [Backend::start("1").await, Backend::start("2").await];
    let canary = [Backend::start("3").await, Backend::start("4").await];
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &stable.each_ref())])).await;
    let (done, n_answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut load = JoinSet::new();
    for n in 0..16 {
        let (mut client, done, n_answers) = (bed.client().await, Arc::clone(&done), Arc::clone(&n_answers));
        load.spawn(async move {
            while !done.load(SeqCst) {
                // Both kinds: those that could be retried, and those that must not need it.
                let request = match n % 2 {
                    0 => Request::get("/").body(String::new()).unwrap(),
                    _ => Request::post("/echo").body(format!("{n}")).unwrap(),
                };
                let reply = client.send(request).await;
                assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
                n_answers.fetch_add(1, SeqCst);
            }
        });
    }
    let mut revision = 1;
    for round in 0..40_u16 {
        let weight = [0, 500, 5000, 10_000][usize::from(round % 4)];
        let backends = if round % 3 == 0 { 1..2 } else { 0..2 };
        let (stable, canary) = (stable.each_ref(), canary.each_ref());
        let pools =
            [("1.0.0", 10_000 - weight, &stable[backends.clone()]), ("2.0.0", weight, &canary[backends])];
        revision += 1;
        bed.set(&bed.route(revision, &pools)).await;
        let target = n_answers.load(SeqCst) + 100;
        wait_until("the load goes on", async || n_answers.load(SeqCst) >= target).await;
    }
    done.store(true, SeqCst);
    while let Some(ended) = load.join_next().await {
        ended.unwrap();
    }
    assert!(n_answers.load(SeqCst) >= 4000);
    for version in ["1.0.0", "2.0.0"] {
        assert_eq!(bed.sample("shipway_router_request_errors_total", version, "").await, 0);
        assert_eq!(bed.sample("shipway_router_retries_total", version, "").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_leaves_finishes_what_it_has() {
    let bed = Bed::start().await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[&old])])).await;
    let mut slow = bed.client().await;
    let slow = tokio::spawn(async move { slow.get("/held").await });
    old.holds(1).await;
    bed.set(&bed.route(2, &[("2.0.0", 10_000, &[&new])])).await;
    assert_eq!(bed.client().await.get("/").await.text, "new");
    let status = bed.status().await;
    let left =
        status["backends"].as_array().unwrap().iter().find(|backend| backend["version"] == "1.0.0").unwrap();
    assert_eq!((&left["draining"], &left["inFlight"]), (&true.into(), &1.into()), "{status}");
    old.release();
    let reply = slow.await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, "old"));
    wait_until("the backend is forgotten", async || {
        bed.status().await["backends"].as_array().unwrap().len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drain_time_ends_what_does_not_finish() {
    let bed = Bed::start().await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    let mut route = bed.route(1, &[("1.0.0", 10_000, &[&old])]);
    route["drain"] = "100ms".into();
    bed.set(&route).await;
    let mut slow = bed.client().await;
    let slow = tokio::spawn(async move { slow.get("/held").await });
    old.holds(1).await;
    bed.set(&bed.route(2, &[("2.0.0", 10_000, &[&new])])).await;
    assert_eq!(slow.await.unwrap().status, StatusCode::BAD_GATEWAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_survives_a_shift_and_ends_with_the_drain_time() {
    let bed = Bed::start().await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[&old]), ("2.0.0", 0, &[&new])])).await;
    let mut socket = TcpStream::connect(bed.listen).await.unwrap();
    let ask = "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    socket.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("x-shipway-version: 1.0.0"), "{head}");
    let echoes = async |socket: &mut TcpStream, text: &str| {
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut back = vec![0; text.len()];
        socket.read_exact(&mut back).await.unwrap();
        assert_eq!(back, text.as_bytes());
    };
    echoes(&mut socket, "before").await;
    assert_eq!(bed.sample("shipway_router_requests_in_flight", "1.0.0", "").await, 1);
    bed.set(&bed.route(2, &[("1.0.0", 0, &[&old]), ("2.0.0", 10_000, &[&new])])).await;
    assert_eq!(bed.client().await.get("/").await.text, "new");
    echoes(&mut socket, "after the shift").await;
    let mut last = bed.route(3, &[("2.0.0", 10_000, &[&new])]);
    bed.set(&last).await;
    echoes(&mut socket, "while draining").await;
    // A backend that leaves under a route with a short drain time is cut off when that is over.
    last["revision"] = 4.into();
    last["drain"] = "50ms".into();
    bed.set(&last).await;
    let mut other = TcpStream::connect(bed.listen).await.unwrap();
    other.write_all(ask.as_bytes()).await.unwrap();
    assert_eq!(other.read_u8().await.unwrap(), b'H');
    bed.set(&bed.route(5, &[("1.0.0", 10_000, &[&old])])).await;
    let ended = tokio::time::timeout(super::bed::PATIENCE, other.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "the tunnel outlived its backend's drain time");
    echoes(&mut socket, "still draining").await;
}
