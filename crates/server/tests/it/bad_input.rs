//! What cannot be read is refused with the right code, and changes nothing.

use reqwest::{Method, RequestBuilder};

use crate::bed::{Bed, problem};

const ROLLOUT: &str = "/api/v1/rollouts/rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01";

fn request(bed: &Bed, method: Method, path: &str) -> RequestBuilder {
    bed.http.request(method, bed.url(path)).bearer_auth(&bed.admin_token)
}

fn json(bed: &Bed, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    request(bed, Method::POST, path).header("content-type", "application/json").body(body)
}

async fn check(bed: &Bed, request: RequestBuilder, status: u16, code: &str) {
    let size = bed.size();
    let asked = format!("{request:?}");
    assert_eq!(problem(request.send().await.unwrap()).await, (status, code.to_owned()), "{asked}");
    assert_eq!(bed.size(), size, "{asked}");
}

#[tokio::test]
async fn bodies_that_are_not_what_is_asked_for() {
    let bed = Bed::start().await;
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"name":"ci"}"#,
        r#"{"name":"ci","role":"owner"}"#,
        r#"{"name":7,"role":"viewer"}"#,
        r#"{"name":"ci","role":"viewer","admin":true}"#,
        r#"{"name":"ci","name":"ci","role":"viewer"}"#,
        r#"{"name":"ci","role":"viewer"} trailing"#,
        r#"{"name":"ci","role":"viewer","expires":"tomorrow"}"#,
        "{\"name\":\"\u{0}\",\"role\":\"viewer\"}",
    ];
    for body in bodies {
        check(&bed, json(&bed, "/api/v1/tokens", body), 400, "invalid-request").await;
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check(&bed, json(&bed, "/api/v1/tokens", deep), 400, "invalid-request").await;
    let not_text: &[u8] = b"\xff\xfe";
    check(&bed, json(&bed, "/api/v1/tokens", not_text), 400, "invalid-request").await;
}

#[tokio::test]
async fn bodies_of_another_type_or_size() {
    let bed = Bed::start().await;
    let body = r#"{"name":"ci","role":"viewer"}"#;
    let untyped = request(&bed, Method::POST, "/api/v1/tokens").body(body);
    check(&bed, untyped, 415, "unsupported-media-type").await;
    let form = request(&bed, Method::POST, "/api/v1/tokens").header("content-type", "text/plain").body(body);
    check(&bed, form, 415, "unsupported-media-type").await;
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1024 * 1024));
    check(&bed, json(&bed, "/api/v1/tokens", large.clone()), 413, "too-large").await;
    // The same without a length said in front.
    let pieces = large
        .into_bytes()
        .chunks(64 * 1024)
        .map(|it| Ok::<_, std::io::Error>(it.to_vec()))
        .collect::<Vec<_>>();
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    check(&bed, json(&bed, "/api/v1/tokens", streamed), 413, "too-large").await;
}

#[tokio::test]
async fn paths_and_queries_that_are_not_well_formed() {
    let bed = Bed::start().await;
    for path in [
        "/api/v1/environments/..%2fetc",
        "/api/v1/environments/UPPER",
        "/api/v1/environments/a%00b",
        "/api/v1/environments/%ff",
        "/api/v1/releases/shop",
        "/api/v1/releases/shop@..",
        "/api/v1/rollouts/rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
        "/api/v1/resources/Nonsense/shop",
        "/api/v1/blobs/sha256:00",
        "/api/v1/blobs/..%2f..%2fetc%2fpasswd",
        "/api/v1/ledger/events/-1/proof",
        "/api/v1/rollouts?limit=many",
        "/api/v1/rollouts?colour=red",
        "/api/v1/rollouts?live=maybe",
        "/api/v1/ledger/consistency",
        "/api/v1/whoami?x=1",
    ] {
        check(&bed, request(&bed, Method::GET, path), 400, "invalid-request").await;
    }
}

#[tokio::test]
async fn headers_that_are_not_well_formed() {
    let bed = Bed::start().await;
    let body = r#"{"name":"ci","role":"viewer"}"#;
    for key in ["", &"k".repeat(101), "\u{e9}"] {
        check(
            &bed,
            json(&bed, "/api/v1/tokens", body).header("idempotency-key", key),
            400,
            "invalid-request",
        )
        .await;
    }
    for tag in ["x", "\"a\", \"b\"", "W/\"a\"", "\""] {
        let pause = json(&bed, &format!("{ROLLOUT}/pause"), "{}").header("if-match", tag);
        check(&bed, pause, 400, "invalid-request").await;
    }
    for id in ["x", "-1", "1.5"] {
        let follow = request(&bed, Method::GET, "/api/v1/events").header("last-event-id", id);
        check(&bed, follow, 400, "invalid-request").await;
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let bed = Bed::start().await;
    for (path, code) in [
        ("/api/v1/nothing", "not-found"),
        ("/api/v2/rollouts", "not-found"),
        ("/api/v1/environments/staging", "unknown-environment"),
        ("/api/v1/environments/staging/queue", "unknown-environment"),
        ("/api/v1/releases/shop@1.0.0", "unknown-release"),
        ("/api/v1/resources/Team/shop", "unknown-resource"),
        (ROLLOUT, "unknown-rollout"),
        ("/api/v1/ledger/events/99/proof", "unknown-position"),
        ("/api/v1/ledger/consistency?from=99", "unknown-position"),
        ("/assets/page.css", "not-found"),
    ] {
        check(&bed, request(&bed, Method::GET, path), 404, code).await;
    }
    check(&bed, request(&bed, Method::GET, &format!("{ROLLOUT}/events")), 404, "unknown-rollout").await;
    check(&bed, request(&bed, Method::GET, &format!("{ROLLOUT}/steps/1/log")), 404, "unknown-rollout").await;
    check(&bed, json(&bed, &format!("{ROLLOUT}/pause"), "{}"), 404, "unknown-rollout").await;
    let wrong = request(&bed, Method::PUT, "/api/v1/rollouts").send().await.unwrap();
    let allowed = wrong.headers()["allow"].to_str().unwrap();
    assert!(["GET", "POST"].iter().all(|it| allowed.contains(it)), "{allowed}");
    assert_eq!(problem(wrong).await, (405, "method-not-allowed".to_owned()));
}

#[tokio::test]
async fn reasons_that_are_too_long_or_have_control_characters() {
    let bed = Bed::start().await;
    for reason in ["x".repeat(2001), "\u{1b}[2J".to_owned()] {
        let body = serde_json::json!({ "scope": "everything", "reason": reason }).to_string();
        check(&bed, json(&bed, "/api/v1/pauses", body), 422, "invalid-reason").await;
    }
    check(&bed, json(&bed, "/api/v1/pauses/resume", r#"{"scope":"everything"}"#), 409, "not-paused").await;
}
