//! Bad input: a clear error, and nothing changed.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shipway_model::Digest;

use crate::site::Site;

mod archives;
mod files;
mod ledgers;
mod requests;

const STRATEGY: &str = "{recreate: {}}";

/// What is sent.
struct Request<'a> {
    method: Method,
    path: &'a str,
    token: Option<&'a str>,
    body: Vec<u8>,
    media: &'a str,
}

impl<'a> Request<'a> {
    fn post(path: &'a str, token: &'a str, body: &Value) -> Self {
        let body = serde_json::to_vec(body).expect("plain values");
        Self { method: Method::POST, path, token: Some(token), body, media: "application/json" }
    }

    fn get(path: &'a str, token: Option<&'a str>) -> Self {
        Self { method: Method::GET, path, token, body: Vec::new(), media: "application/json" }
    }

    /// Sends it, and gives the problem that comes back.
    async fn send(self, site: &Site) -> (StatusCode, Value) {
        let client = reqwest::Client::new();
        let mut request = client.request(self.method, format!("{}/api/v1{}", site.url(), self.path));
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        let answer =
            request.header("content-type", self.media).body(self.body).send().await.expect("an answer");
        let status = answer.status();
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status}");
        (status, answer.json().await.expect("a problem"))
    }
}

/// The request is refused with this status and code, the problem says `words`, and the ledger is as it was.
async fn check(site: &mut Site, request: Request<'_>, status: u16, code: &str, words: &str) {
    let asked = format!("{} {}", request.method, request.path);
    let size = site.witness.size();
    let (answered, problem) = request.send(site).await;
    assert_eq!((answered.as_u16(), problem["code"].as_str()), (status, Some(code)), "{asked}: {problem:#}");
    assert!(problem.to_string().contains(words), "{asked}: `{words}` in {problem:#}");
    assert!(!problem.to_string().chars().any(char::is_control), "{asked}: {problem:?}");
    site.assert_size_is(size).await;
}

fn apply(text: &str) -> Value {
    json!({ "files": [{ "path": "shop.yaml", "text": text }] })
}

fn artifact(site_version: &str, digest: Digest, size_bytes: u64) -> Value {
    json!({
        "service": "web", "version": site_version, "digest": digest, "sizeBytes": size_bytes, "format": "tar.gz",
    })
}
