//! Bodies in and out, by the kinds of content that the table knows.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shipway_api::Code;
use shipway_api::payload::{Events, ICalendar, Json, Message, Octets, Payload, Text};

use crate::config::JSON_BYTES_MAX;
use crate::etag;
use crate::problem::Failure;

/// Content that can be received.
pub(crate) trait Receive: Payload {
    type Value: Send;

    /// What it names, for authorisation; nothing where it is read later.
    fn named(_: &Self::Value) -> Value {
        Value::Null
    }

    fn receive(headers: &HeaderMap, body: Body) -> impl Future<Output = Result<Self::Value, Failure>> + Send;
}

/// Content that can be sent.
pub(crate) trait Deliver: Payload {
    type Value: Send;

    /// `asked` are the request's headers; a caller that has the answer already is told so.
    fn deliver(value: Self::Value, status: StatusCode, asked: &HeaderMap) -> Response;
}

impl Receive for () {
    type Value = ();

    async fn receive(_: &HeaderMap, _: Body) -> Result<(), Failure> {
        Ok(())
    }
}

/// For the handler to read.
impl Receive for Octets {
    type Value = Body;

    async fn receive(_: &HeaderMap, body: Body) -> Result<Body, Failure> {
        Ok(body)
    }
}

impl<T: JsonSchema + Serialize + DeserializeOwned + Send> Receive for Json<T> {
    type Value = T;

    fn named(value: &T) -> Value {
        serde_json::to_value(value).unwrap_or_default()
    }

    async fn receive(headers: &HeaderMap, body: Body) -> Result<T, Failure> {
        if !is_json(headers) {
            return Err(Failure::new(Code::UnsupportedMediaType, "the body must be `application/json`"));
        }
        let bytes = bytes(headers, body).await?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." { String::new() } else { format!(" at `{path}`") };
            Failure::new(Code::InvalidRequest, format!("the body cannot be read{place}: {}", error.inner()))
        })?;
        json.end()
            .map_err(|_| Failure::new(Code::InvalidRequest, "the body goes on after its JSON document"))?;
        Ok(value)
    }
}

impl Receive for Message {
    type Value = Bytes;

    async fn receive(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
        let media = media(headers);
        if !media.eq_ignore_ascii_case("application/json")
            && !media.eq_ignore_ascii_case("application/cloudevents+json")
        {
            return Err(Failure::new(Code::UnsupportedMediaType, "the body must be `application/json`")
                .hint("GitHub calls it the content type of the webhook"));
        }
        bytes(headers, body).await
    }
}

/// All of a body that may not be long.
pub(crate) async fn bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    // Said before anything is read, where the sender says it.
    if length(headers).is_some_and(|it| it > JSON_BYTES_MAX as u64) {
        return Err(too_large());
    }
    axum::body::to_bytes(body, JSON_BYTES_MAX).await.map_err(|error| {
        let limit =
            std::error::Error::source(&error).is_some_and(|it| it.to_string().contains("length limit"));
        if limit { too_large() } else { Failure::new(Code::InvalidRequest, "the body ended before its end") }
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    media(headers).eq_ignore_ascii_case("application/json")
}

fn media(headers: &HeaderMap) -> &str {
    let media = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    media.split(';').next().unwrap_or_default().trim()
}

pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large() -> Failure {
    Failure::new(Code::TooLarge, format!("the body is larger than {JSON_BYTES_MAX} bytes"))
}

impl Deliver for () {
    type Value = ();

    fn deliver((): (), status: StatusCode, _: &HeaderMap) -> Response {
        status.into_response()
    }
}

impl<T: JsonSchema + Serialize + Send> Deliver for Json<T> {
    type Value = T;

    fn deliver(value: T, status: StatusCode, asked: &HeaderMap) -> Response {
        let bytes = serde_json::to_vec(&value).expect("answers have string keys");
        let etag = etag::of(&bytes);
        if etag::is_known(asked, &etag) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
        }
        let media = HeaderValue::from_static("application/json");
        let mut response = (status, [(CONTENT_TYPE, media)], bytes).into_response();
        // It may be kept, but not shown again without asking: it is for this caller, and for now.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response.headers_mut().insert(ETAG, etag.parse().expect("hexadecimal digits in quotes"));
        response
    }
}

macro_rules! deliver_as_it_is {
    ($($payload:ty),*) => {$(
        impl Deliver for $payload {
            type Value = Response;

            fn deliver(value: Response, _: StatusCode, _: &HeaderMap) -> Response {
                value
            }
        }
    )*};
}

deliver_as_it_is!(Octets, Text, ICalendar, Events);
