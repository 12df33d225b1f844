//! Requests that are not well formed, too large, not allowed, or about bytes that are others than they say.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use shipway_api::operations::token::{IssueToken, NewToken, RevokeToken, TokenPath, WhoAmI};
use shipway_api::{Client, Code};
use shipway_model::Digest;
use shipway_model::event::Role;

use super::{Request, STRATEGY, artifact, check};
use crate::site::service::Behaviour;
use crate::site::{Site, wait_for};

#[tokio::test]
async fn fields_types_and_names_are_checked_at_the_edge() {
    let mut site = Site::without_hosts(STRATEGY).await;
    site.release("1.0.0", Behaviour::GOOD).await;
    site.look().await;
    let token = site.token().to_owned();
    let rollout = json!({ "release": "site@1.0.0", "environment": "production" });
    let with = |field: &str, value: serde_json::Value| {
        let mut body = rollout.clone();
        body[field] = value;
        body
    };
    for (body, words) in [
        (with("colour", "red".into()), "colour"),
        (with("environment", 7.into()), "environment"),
        (with("environment", "../etc".into()), "name"),
        (with("environment", "a\u{1b}[2Jb".into()), "name"),
        (with("release", "site@../1".into()), "release"),
        (with("planDigest", "md5:00".into()), "digest"),
    ] {
        check(&mut site, Request::post("/rollouts", &token, &body), 400, "invalid-request", words).await;
    }
    for (body, status, code) in [
        (with("environment", "elsewhere".into()), 404, "unknown-environment"),
        (with("release", "site@9.9.9".into()), 404, "unknown-release"),
        (rollout.clone(), 409, "no-targets"),
    ] {
        check(&mut site, Request::post("/rollouts", &token, &body), status, code, "").await;
    }
    for args in [
        &["rollout", "start", "site@../1", "--env", "production"][..],
        &["plan", "site@1.0.0", "--env", "../etc"],
        &["artifact", "register", "site.yaml", "--service", "web", "--version", "../../1"],
    ] {
        let size = site.witness.size();
        let said = site.shipway(args);
        assert_ne!(said.code, 0, "{args:?}");
        assert!(said.err.contains("..") && !said.err.contains("panicked"), "{args:?}: {}", said.err);
        site.assert_size_is(size).await;
    }
    site.assert_nothing_lost().await;
}

#[tokio::test]
async fn bodies_over_the_limit_are_not_read_to_their_end() {
    let mut site = Site::without_hosts(STRATEGY).await;
    site.look().await;
    let token = site.token().to_owned();
    let large = json!({ "release": "x".repeat(2 * 1024 * 1024) });
    check(&mut site, Request::post("/rollouts", &token, &large), 413, "too-large", "").await;
    site.assert_nothing_lost().await;
}

#[tokio::test]
async fn tokens_are_checked_on_every_call() {
    let mut site = Site::without_hosts(STRATEGY).await;
    let client = site.client();
    let issue = |name: &str, role, expires| {
        let new = NewToken { name: name.to_owned(), role, expires, scope: None };
        client.call::<IssueToken>((), (), new).into_future()
    };
    let viewer = issue("eve", Role::Viewer, None).await.expect("it is issued").value;
    let revoked = issue("mallory", Role::Admin, None).await.expect("it is issued").value;
    // By the control plane's clock, which is the one that counts.
    let soon = viewer.token.issued_at + Duration::from_millis(400);
    let expiring = issue("trent", Role::Admin, Some(soon)).await.expect("it is issued").value;
    let agent = site.agent_token("host-a").await;
    client.call::<RevokeToken>(TokenPath { token: revoked.token.id }, (), ()).await.expect("it is revoked");
    let expired = Client::new(&site.url(), expiring.secret.clone()).expect("a valid address");
    let is_refused =
        async || expired.call::<WhoAmI>((), (), ()).await.is_err_and(|it| it.is(Code::Unauthenticated));
    wait_for("a token expires", is_refused).await;
    site.look().await;

    let mut tampered = site.token().to_owned();
    tampered.pop();
    for token in
        [None, Some(""), Some("shipway"), Some(&*tampered), Some(&*revoked.secret), Some(&*expiring.secret)]
    {
        check(&mut site, Request::get("/whoami", token), 401, "unauthenticated", "").await;
    }
    let body = json!({ "release": "site@1.0.0", "environment": "production" });
    for token in [&viewer.secret, &agent] {
        check(&mut site, Request::post("/rollouts", token, &body), 403, "forbidden", "").await;
    }
    let ask = json!({ "max": 1 });
    check(&mut site, Request::post("/agents/host-b/leases", &agent, &ask), 403, "forbidden", "host-b").await;
    site.assert_nothing_lost().await;
}

#[tokio::test]
async fn bytes_have_the_digest_and_size_that_they_are_said_to_have() {
    let mut site = Site::without_hosts(STRATEGY).await;
    let bytes = b"some bytes".to_vec();
    let (digest, other) = (Digest::of(&bytes), Digest::of(b"other bytes"));
    site.put_blob(digest, bytes.clone()).await.expect("they are stored");
    site.release("1.0.0", Behaviour::GOOD).await;
    site.look().await;
    let token = site.token().to_owned();
    let size = bytes.len() as u64;

    let path = format!("/blobs/{other}");
    let put = Request {
        method: Method::PUT,
        path: &path,
        token: Some(&token),
        body: bytes,
        media: "application/octet-stream",
    };
    check(&mut site, put, 422, "digest-mismatch", &digest.to_string()).await;
    check(&mut site, Request::get(&path, Some(&token)), 404, "unknown-blob", "").await;
    for (artifact, status, code) in [
        (artifact("1.1.0", other, size), 404, "unknown-blob"),
        (artifact("1.1.0", digest, size + 1), 422, "size-mismatch"),
        // The version is another build's.
        (artifact("1.0.0", digest, size), 409, "artifact-differs"),
    ] {
        check(&mut site, Request::post("/artifacts", &token, &artifact), status, code, "").await;
    }
    site.assert_nothing_lost().await;
}
