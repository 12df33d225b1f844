//! The admin API: fences, refusals, persistence.

use http::{Request, StatusCode};

use super::bed::{Backend, Bed, Client};

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_route_is_refused_and_an_equal_one_accepted() {
    let bed = Bed::start().await;
    let backend = Backend::start("a").await;
    let route = |revision, version: &'static str| bed.route(revision, &[(version, 10_000, &[&backend])]);
    bed.set(&route(5, "1.0.0")).await;
    bed.set(&route(5, "1.0.0")).await;
    for (stale, code) in [(route(4, "1.0.0"), "stale-revision"), (route(5, "2.0.0"), "revision-reused")] {
        let reply = bed.put(&stale).await;
        assert_eq!(reply.status, StatusCode::CONFLICT);
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        assert_eq!(reply.json()["code"], code);
    }
    assert_eq!(bed.put(&route(6, "2.0.0")).await.json(), route(6, "2.0.0"));
    assert_eq!(bed.status().await["route"], route(6, "2.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_route_stays_removed_for_those_who_come_late() {
    let bed = Bed::start().await;
    let backend = Backend::start("a").await;
    let route = |revision| bed.route(revision, &[("1.0.0", 10_000, &[&backend])]);
    bed.set(&route(5)).await;
    let mut open = bed.client().await;
    assert_eq!(open.get("/").await.text, "a");
    let delete = async |revision: u64| {
        let request = Request::delete(format!("/routes/prod/web?revision={revision}")).body(String::new());
        Client::open(bed.admin).await.send(request.unwrap()).await.status
    };
    assert_eq!(delete(4).await, StatusCode::CONFLICT);
    assert_eq!(delete(6).await, StatusCode::NO_CONTENT);
    assert_eq!(delete(6).await, StatusCode::NO_CONTENT);
    assert_eq!(bed.put(&route(6)).await.json()["code"], "stale-revision");
    assert_eq!(Client::open(bed.admin).await.get("/routes/prod/web").await.status, StatusCode::NOT_FOUND);
    super::bed::wait_until("the listener is closed", async || {
        tokio::net::TcpStream::connect(bed.listen).await.is_err()
    })
    .await;
    bed.set(&route(7)).await;
    assert_eq!(bed.client().await.get("/").await.text, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_router_serves_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("routes.json");
    let mut bed = Bed::start_with(Some(state_file.clone()), None).await;
    let backend = Backend::start("a").await;
    let route = bed.route(5, &[("1.0.0", 10_000, &[&backend])]);
    bed.set(&route).await;
    assert_eq!(bed.client().await.get("/").await.text, "a");
    let listen = bed.listen;
    bed.router.shutdown().await;
    assert!(tokio::net::TcpStream::connect(listen).await.is_err(), "a router that shut down does not listen");
    bed = Bed::start_with(Some(state_file), None).await;
    bed.listen = listen;
    assert_eq!(bed.client().await.get("/").await.text, "a");
    assert_eq!(bed.status().await["route"], route);
    let stale = bed.route(4, &[("1.0.0", 10_000, &[&backend])]);
    assert_eq!(bed.put(&stale).await.status, StatusCode::CONFLICT, "the fence holds over a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_route_is_said() {
    let bed = Bed::start().await;
    let backend = Backend::start("a").await;
    let good = bed.route(1, &[("1.0.0", 10_000, &[&backend])]);
    let change = |path: &str, value: serde_json::Value| {
        let mut route = good.clone();
        *route.pointer_mut(path).unwrap() = value;
        route
    };
    for (route, status, says) in [
        (change("/pools/0/weightBp", 9000.into()), 422, "sum to 9000"),
        (change("/service", "other".into()), 400, "the path names service `web`"),
        (change("/revision", "x".into()), 400, "expected u64 at line 1"),
        (change("/listen", "192.0.2.1:80".into()), 409, "cannot listen on 192.0.2.1:80"),
    ] {
        let reply = bed.put(&route).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{detail}");
    }
    let too_large = Request::put("/routes/prod/web").body(" ".repeat(1024 * 1024 + 1)).unwrap();
    let reply = Client::open(bed.admin).await.send(too_large).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    bed.set(&good).await;
    let mut other = change("/service", "other".into());
    other["pools"] = serde_json::json!([]);
    let request = Request::put("/routes/prod/other").body(other.to_string()).unwrap();
    let reply = Client::open(bed.admin).await.send(request).await;
    assert_eq!(
        (reply.status, reply.json()["code"].as_str().unwrap()),
        (StatusCode::CONFLICT, "listen-taken")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_need_the_token_and_looking_does_not() {
    let bed = Bed::start_with(None, Some("s3cret")).await;
    let route = bed.route(1, &[]);
    let put = async |authorization: &str| {
        let request = Request::put("/routes/prod/web").header("authorization", authorization);
        Client::open(bed.admin).await.send(request.body(route.to_string()).unwrap()).await.status
    };
    assert_eq!(bed.put(&route).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(put("Bearer wrong").await, StatusCode::UNAUTHORIZED);
    assert_eq!(put("Bearer s3cret").await, StatusCode::OK);
    for path in ["/healthz", "/metrics", "/routes"] {
        assert_eq!(Client::open(bed.admin).await.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_survive_the_removal_of_their_version() {
    let bed = Bed::start().await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[&old])])).await;
    bed.client().await.get("/status/404").await;
    bed.client().await.get("/status/503").await;
    bed.set(&bed.route(2, &[("2.0.0", 10_000, &[&new])])).await;
    bed.client().await.get("/").await;
    for (name, labels, count) in [
        ("shipway_router_requests_total", r#",code="4xx""#, 1),
        ("shipway_router_requests_total", r#",code="5xx""#, 1),
        ("shipway_router_request_errors_total", "", 1),
        ("shipway_router_request_duration_seconds_count", "", 2),
    ] {
        assert_eq!(bed.sample(name, "1.0.0", labels).await, count, "{name}{labels}");
    }
}
