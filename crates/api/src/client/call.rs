//! One call: what goes out, what comes back.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderName, IF_MATCH};
use reqwest::{RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;
use crate::Operation;
use crate::payload::{Json, Otlp, Payload};
use crate::problem::{self, Problem};

/// Problems are short; what claims to be one and is longer is not read to its end.
const PROBLEM_BYTES_MAX: usize = 1024 * 1024;

/// The name of the header that makes a repeated request harmless.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request that was not sent yet; await it.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<O> {
    request: RequestBuilder,
    operation: PhantomData<fn() -> O>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    pub value: T,
    /// The state that the value shows, for a later `If-Match`.
    pub etag: Option<String>,
}

/// Content that can be sent as a value.
pub trait Request: Payload {
    type Value: Send;

    fn write(value: Self::Value, request: RequestBuilder) -> RequestBuilder;
}

/// Content that can be received as a value.
pub trait Reply: Payload {
    type Value: Send;

    fn read(response: Response) -> impl Future<Output = Result<Self::Value, Error>> + Send;
}

impl<O: Operation> Call<O> {
    pub(super) fn new(request: RequestBuilder) -> Self {
        Self { request, operation: PhantomData }
    }

    /// A repeated call with the same key changes nothing more and answers the same.
    pub fn idempotency_key(self, key: &str) -> Self {
        Self { request: self.request.header(IDEMPOTENCY_KEY, key), ..self }
    }

    /// Refuse when the thing is no longer as it was with this etag.
    pub fn if_match(self, etag: &str) -> Self {
        Self { request: self.request.header(IF_MATCH, etag), ..self }
    }

    /// Instead of the usual 45 seconds.
    pub fn timeout(self, timeout: std::time::Duration) -> Self {
        Self { request: self.request.timeout(timeout), ..self }
    }
}

impl<O: Operation> IntoFuture for Call<O>
where
    O::Answer: Reply,
{
    type Output = Result<Answer<<O::Answer as Reply>::Value>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let response = send(self.request).await?;
            let etag = response.headers().get(ETAG).and_then(|it| it.to_str().ok()).map(str::to_owned);
            Ok(Answer { value: O::Answer::read(response).await?, etag })
        })
    }
}

impl Request for () {
    type Value = ();

    fn write((): (), request: RequestBuilder) -> RequestBuilder {
        request
    }
}

impl<T: schemars::JsonSchema + Serialize + Send> Request for Json<T> {
    type Value = T;

    fn write(value: T, request: RequestBuilder) -> RequestBuilder {
        request.json(&value)
    }
}

impl Request for Otlp {
    type Value = Value;

    fn write(value: Value, request: RequestBuilder) -> RequestBuilder {
        request.json(&value)
    }
}

impl Reply for Otlp {
    type Value = Value;

    async fn read(response: Response) -> Result<Value, Error> {
        Json::<Value>::read(response).await
    }
}

impl Reply for () {
    type Value = ();

    async fn read(_: Response) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: schemars::JsonSchema + DeserializeOwned + Send> Reply for Json<T> {
    type Value = T;

    async fn read(response: Response) -> Result<T, Error> {
        let (address, status) = (response.url().to_string(), response.status().as_u16());
        let bytes = response.bytes().await.map_err(unreachable)?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Unreadable {
            address,
            status,
            reason: error.to_string(),
        })
    }
}

/// Sends; an answer that is not a success becomes an error.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, Error> {
    let response = request.send().await.map_err(unreachable)?;
    if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
}

pub(super) fn unreachable(error: reqwest::Error) -> Error {
    let address =
        error.url().map_or_else(|| "the control plane".to_owned(), |url| url.origin().ascii_serialization());
    Error::Unreachable { address, source: error.without_url() }
}

async fn refused(mut response: Response) -> Error {
    let (address, status) = (response.url().to_string(), response.status().as_u16());
    let media = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if !media.starts_with(problem::MEDIA) {
        return Error::Unreadable { address, status, reason: "not a problem document".to_owned() };
    }
    let mut body = Vec::new();
    while body.len() < PROBLEM_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return unreachable(error),
        }
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Error::Refused(Box::new(problem)),
        Err(error) => Error::Unreadable { address, status, reason: error.to_string() },
    }
}
