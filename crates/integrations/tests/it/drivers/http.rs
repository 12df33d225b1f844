//! One call: what counts as success, what is logged, and what is not done.

use http::header;
use serde_json::{Value, json};
use shipway_model::effect::Outcome;

use super::server::{Server, text};
use super::world::{World, failure, free_address, stage, summary, timed_stage};

/// The outcome and log of a call in a pipeline.
async fn call(http: Value) -> (Outcome, String) {
    let world = World::start(stage(json!({"http": http}))).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "http").await;
    (outcome, world.log(id, "http"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_decides() {
    let server = Server::start(|request| {
        let status = request.uri().path()[1..].parse().unwrap();
        Some(text(status, "it \u{7}is\n so"))
    })
    .await;
    for (path, expected, reason) in [
        ("/204", None, None),
        ("/404", Some(404), None),
        ("/404", None, Some("expected status 200 to 299, and 404 Not Found came: it \\u{7}is\\n so")),
        ("/200", Some(201), Some("expected status 201, and 200 OK came: it \\u{7}is\\n so")),
    ] {
        let (outcome, log) = call(json!({"url": server.url(path), "expectStatus": expected})).await;
        match reason {
            None => assert!(summary(&outcome).contains(&path[1..]), "{outcome:?}"),
            Some(reason) => assert_eq!(failure(&outcome), (reason, true)),
        }
        assert!(log.starts_with(&format!("GET: {}", &path[1..])), "{log}");
        assert_eq!(log.contains("it \u{fffd}is\n so\n"), path != "/204", "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_what_was_asked_and_a_key() {
    let server = Server::start(|_| Some(text(200, ""))).await;
    let post = json!({"method": "POST", "url": server.url("/hook?x=1"), "headers": {"x-from": "shipway"}, "body": "{}"});
    summary(&call(post).await.0);
    summary(&call(json!({"url": server.url("/look")})).await.0);
    let asked = server.asked();
    let (post, get) = (&asked[0], &asked[1]);
    assert_eq!((post.method().as_str(), post.uri().to_string().as_str()), ("POST", "/hook?x=1"));
    assert_eq!((&post.body()[..], &post.headers()["x-from"]), (&b"{}"[..], &"shipway".parse().unwrap()));
    let key = post.headers()["idempotency-key"].to_str().unwrap();
    assert!(key.starts_with("rol_") && key.ends_with("/do/1"), "{key}");
    assert!(!get.headers().contains_key("idempotency-key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let server = Server::start(|_| {
        let mut answer = text(302, "");
        answer.headers_mut().insert(header::LOCATION, "/elsewhere".parse().unwrap());
        Some(answer)
    })
    .await;
    let (outcome, _) = call(json!({"url": server.url("/")})).await;
    assert!(failure(&outcome).0.contains("redirects are not followed"), "{outcome:?}");
    summary(&call(json!({"url": server.url("/"), "expectStatus": 302})).await.0);
    assert!(server.asked().iter().all(|it| it.uri().path() == "/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_cut() {
    let server = Server::start(|_| Some(text(200, vec![b'x'; 1 << 20]))).await;
    let (outcome, log) = call(json!({"url": server.url("/")})).await;
    summary(&outcome);
    assert_eq!(log.matches('x').count(), 64 * 1024);
    assert!(log.ends_with("[the body is longer than the 65536 bytes that are kept]\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_called_is_said() {
    let closed = format!("http://{}/", free_address().await);
    for (http, says, retryable) in [
        (json!({"url": "ftp://127.0.0.1/x?token=s3cret"}), "`ftp://127.0.0.1/x` needs ftp", false),
        (json!({"url": "nowhere"}), "`nowhere` is not a URL", false),
        (json!({"url": closed}), "cannot be called: ", true),
        (json!({"url": closed, "headers": {"a b": "c"}}), "`a b` is not a header's name", false),
        (
            json!({"url": closed, "headers": {"a": "s3cret\n"}}),
            "the value of header `a` cannot be sent",
            false,
        ),
    ] {
        let (outcome, log) = call(http).await;
        let (reason, is_retryable) = failure(&outcome);
        assert!(reason.contains(says) && is_retryable == retryable, "{outcome:?}");
        assert!(!reason.contains("s3cret") && !log.contains("s3cret"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_is_not_waited_for() {
    let server = Server::start(|_| None).await;
    let world = World::start(timed_stage(json!({"http": {"url": server.url("/")}}), "200ms")).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "http").await;
    let (reason, retryable) = failure(&outcome);
    assert!(reason.ends_with("did not answer within 180ms") && retryable, "{reason}");
    assert!(world.log(id, "http").contains("did not answer"));
}
