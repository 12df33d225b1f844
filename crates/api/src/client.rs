//! The typed client: one method for all JSON operations, and three more for bytes, text and events.
//!
//! ```no_run
//! # async fn example() -> Result<(), shipway_api::client::Error> {
//! use shipway_api::operations::rollout::{ListRollouts, RolloutQuery};
//!
//! let client = shipway_api::Client::new("http://127.0.0.1:7000", "shipway_tok_…")?;
//! let live = RolloutQuery { live: Some(true), ..RolloutQuery::default() };
//! for rollout in client.call::<ListRollouts>((), live, ()).await?.value.items {
//!     println!("{} {}", rollout.id, rollout.phase.word());
//! }
//! # Ok(()) }
//! ```

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde::Serialize;

use crate::endpoint::AS_OF;
use crate::{Method, Operation};
use call::Request;

mod blob;
pub mod call;
mod error;
mod events;
mod log;

pub use call::{Answer, Call};
pub use error::Error;
pub use events::{EventStream, StreamEvent};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take: longer than the longest long poll of 30 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(45);
/// Streams carry a comment at least every 15 s: silence for longer than this means that the line is dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// A connection pool to one control plane, with a token. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
    as_of: Option<Timestamp>,
}

/// By what the control plane knows who calls.
#[derive(Clone)]
enum Credentials {
    Token(String),
    Password(String, String),
}

impl Client {
    /// `base` is an `http://` address; behind a proxy it may have a path.
    ///
    /// # Errors
    /// [`Error::Address`] when `base` is not an address that can be called.
    pub fn new(base: &str, token: impl Into<String>) -> Result<Self, Error> {
        let invalid = |reason: String| Error::Address { address: base.to_owned(), reason };
        let url = Url::parse(base).map_err(|error| invalid(error.to_string()))?;
        if url.scheme() != "http" || url.cannot_be_a_base() {
            return Err(invalid("only `http://HOST:PORT` is understood".to_owned()));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_MAX)
            .no_proxy()
            .build()
            .map_err(|source| Error::Unreachable { address: base.to_owned(), source })?;
        Ok(Self { http, base: url, credentials: Credentials::Token(token.into()), as_of: None })
    }

    /// The same, with a name and a password, which open nothing but the sign-in.
    ///
    /// # Errors
    /// [`Error::Address`] when `base` is not an address that can be called.
    pub fn by_password(base: &str, name: &str, password: &str) -> Result<Self, Error> {
        let credentials = Credentials::Password(name.to_owned(), password.to_owned());
        Ok(Self { credentials, ..Self::new(base, "")? })
    }

    /// Asks for what was known at `at` from now on. Whatever would change something is refused then.
    #[must_use]
    pub fn as_of(self, at: Timestamp) -> Self {
        Self { as_of: Some(at), ..self }
    }

    /// Asks for `O`. Await the call, after giving it an idempotency key or a precondition where wanted.
    pub fn call<O: Operation>(
        &self,
        path: O::Path,
        query: O::Query,
        body: <O::Body as Request>::Value,
    ) -> Call<O>
    where
        O::Body: Request,
    {
        Call::new(O::Body::write(body, self.request::<O>(&path, &query).timeout(ANSWER_TIMEOUT)))
    }

    /// Where it calls.
    pub fn base(&self) -> &Url {
        &self.base
    }

    fn request<O: Operation>(&self, path: &O::Path, query: &O::Query) -> reqwest::RequestBuilder {
        let method = match O::METHOD {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let request = self.http.request(method, fill(&self.base, O::PATH, path)).query(query);
        let as_of = self.as_of.map(|at| (AS_OF, at));
        let request = request.query(as_of.as_slice());
        match &self.credentials {
            Credentials::Token(token) => request.bearer_auth(token),
            Credentials::Password(name, password) => request.basic_auth(name, Some(password)),
        }
    }
}

/// The template's address, with every placeholder replaced by the field of its name, percent-encoded.
fn fill(base: &Url, template: &str, path: &impl Serialize) -> Url {
    let fields = serde_json::to_value(path).expect("paths are structs of plain values");
    let field = |name: &str| match &fields[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut url = base.clone();
    let mut segments = url.path_segments_mut().expect("checked when the client was made");
    segments.pop_if_empty();
    for segment in template.split('/').skip(1) {
        match segment.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) => segments.push(&field(name)),
            None => segments.push(segment),
        };
    }
    drop(segments);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::rollout::{ApproveStep, StepPath};
    use shipway_model::plan::StepId;

    #[test]
    fn placeholders_are_filled_and_encoded() {
        let base = Url::parse("http://localhost:1/proxy/").unwrap();
        let rollout = "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap();
        let url = fill(&base, ApproveStep::PATH, &StepPath { rollout, step: StepId(7) });
        assert_eq!(url.path(), "/proxy/api/v1/rollouts/rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01/steps/7/approve");
        let url = fill(&base, "/a/{b}", &serde_json::json!({ "b": "../c d" }));
        assert_eq!(url.path(), "/proxy/a/..%2Fc%20d");
    }

    #[test]
    fn addresses_that_cannot_be_called_are_refused() {
        for bad in ["", "localhost:7000", "https://a", "file:///etc", "mailto:a@b"] {
            assert!(matches!(Client::new(bad, ""), Err(Error::Address { .. })), "{bad}");
        }
    }
}
