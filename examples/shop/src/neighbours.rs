//! Calls to the other services, over plain HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

use crate::cart::Item;
use crate::catalogue::Product;
use crate::server::BODY_BYTES_MAX;
use crate::settings::Settings;

const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The services that this one calls.
#[derive(Debug)]
pub struct Neighbours {
    client: Client<HttpConnector, Full<Bytes>>,
    catalogue_url: String,
    checkout_url: String,
}

/// Why a neighbour gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum FailedCall {
    #[error("{url} cannot be called")]
    Url { url: String, source: http::Error },
    #[error("{url} did not answer within {CALL_TIMEOUT:?}")]
    Timeout { url: String },
    #[error("{url} could not be reached")]
    Unreachable { url: String, source: hyper_util::client::legacy::Error },
    #[error("the answer of {url} broke off or is over {BODY_BYTES_MAX} bytes")]
    Body { url: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{url} answered {status}")]
    Status { url: String, status: StatusCode },
    #[error("{url} did not answer in JSON as expected")]
    Json { url: String, source: serde_json::Error },
}

impl Neighbours {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
            catalogue_url: settings.catalogue_url.clone(),
            checkout_url: settings.checkout_url.clone(),
        }
    }

    /// All products. `caller` holds the headers of the request that this call is made for.
    pub async fn products(&self, caller: &HeaderMap) -> Result<Vec<Product>, FailedCall> {
        let url = format!("{}/products", self.catalogue_url);
        let answer = self.call(Method::GET, &url, caller, Bytes::new()).await?;
        if answer.status() != StatusCode::OK {
            return Err(FailedCall::Status { url, status: answer.status() });
        }
        serde_json::from_slice(answer.body()).map_err(|source| FailedCall::Json { url, source })
    }

    /// Places an order. Refusals (status 4xx) are answers too: their reason is for the customer.
    pub async fn order(&self, caller: &HeaderMap, items: &[Item]) -> Result<Response<Bytes>, FailedCall> {
        #[derive(Serialize)]
        struct Order<'a> {
            items: &'a [Item],
        }
        let url = format!("{}/orders", self.checkout_url);
        let body = serde_json::to_vec(&Order { items }).expect("items are always JSON");
        let answer = self.call(Method::POST, &url, caller, body.into()).await?;
        if answer.status().is_server_error() {
            return Err(FailedCall::Status { url, status: answer.status() });
        }
        Ok(answer)
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        caller: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, FailedCall> {
        let mut request = Request::builder().method(method).uri(url);
        // The trace goes on through every service that a request touches.
        if let Some(traceparent) = caller.get("traceparent") {
            request = request.header("traceparent", traceparent);
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|source| FailedCall::Url { url: url.to_owned(), source })?;
        let exchange = async {
            let answer = self
                .client
                .request(request)
                .await
                .map_err(|source| FailedCall::Unreachable { url: url.to_owned(), source })?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX)
                .collect()
                .await
                .map_err(|source| FailedCall::Body { url: url.to_owned(), source })?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        tokio::time::timeout(CALL_TIMEOUT, exchange)
            .await
            .map_err(|_| FailedCall::Timeout { url: url.to_owned() })?
    }
}
