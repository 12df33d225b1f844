//! Makes one HTTP call.
//!
//! A call may be made twice, when the control plane dies before it has recorded the first. So that the other side can
//! tell, a call that may change something says the effect's key as its `Idempotency-Key`.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use shipway_model::effect::{EffectKey, Order, Outcome};
use shipway_model::resource::pipeline::{self, Http};
use shipway_runtime::driver::{BoxFuture, Driver, StepLog, Task};

use super::{Kind, Tools, completed, failed, time_limit, unless_called_off};
use crate::outbound::{Answer, Call, excerpt};
use crate::spec::Spec;

pub(super) const KIND: Kind = Kind {
    spec: Spec { kind: "http", summary: "Makes one HTTP call and checks its status." },
    build: |tools| Arc::new(Caller(tools.clone())),
};

/// Of an answer, in the step's log.
const BODY_BYTES_MAX: usize = 64 * 1024;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

struct Caller(Tools);

impl Driver for Caller {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Http { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { unless_called_off(&task, self.call(&task)).await })
    }
}

impl Caller {
    async fn call(&self, task: &Task) -> Outcome {
        let Order::Http { request } = &task.effect.order else {
            return failed("this is not an HTTP call".to_owned(), false);
        };
        let method = method_of(request.method);
        let headers = match headers_of(request, &task.effect.key, &method) {
            Ok(headers) => headers,
            Err(reason) => return failed(reason, false),
        };
        let call = Call {
            method: method.clone(),
            url: &request.url,
            headers,
            body: request.body.clone().map(String::into_bytes),
            timeout: time_limit(task),
            body_bytes_max: BODY_BYTES_MAX,
        };
        match self.0.outbound.call(call).await {
            Ok(answer) => {
                log(&task.log, &method, &answer);
                judge(request, &answer)
            }
            Err(error) => {
                task.log.line(&format!("{method}: {error}"));
                failed(error.to_string(), error.is_passing())
            }
        }
    }
}

pub(super) fn method_of(method: pipeline::Method) -> Method {
    match method {
        pipeline::Method::Get => Method::GET,
        pipeline::Method::Head => Method::HEAD,
        pipeline::Method::Post => Method::POST,
        pipeline::Method::Put => Method::PUT,
        pipeline::Method::Patch => Method::PATCH,
        pipeline::Method::Delete => Method::DELETE,
    }
}

/// A header as it goes out, or a sentence that says what is wrong with it. The sentence leaves out the value, which may
/// be secret.
pub(super) fn header_of(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let name: HeaderName = name.parse().map_err(|_| format!("`{}` is not a header's name", excerpt(name)))?;
    let value = value.parse().map_err(|_| format!("the value of header `{name}` cannot be sent"))?;
    Ok((name, value))
}

/// Whether a status is the expected one, any of 200 to 299 when none is named.
pub(super) fn is_expected(expected: Option<u16>, status: http::StatusCode) -> bool {
    expected.map_or(status.is_success(), |expected| status == expected)
}

fn headers_of(request: &Http, key: &EffectKey, method: &Method) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    if !method.is_safe() {
        let key = HeaderValue::try_from(key.to_string()).expect("an effect's key is plain ASCII");
        headers.insert(IDEMPOTENCY_KEY, key);
    }
    for (name, value) in &request.headers {
        let (name, value) = header_of(name, value)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn log(log: &StepLog, method: &Method, answer: &Answer) {
    let duration_ms = answer.duration.as_millis();
    log.line(&format!("{method}: {} after {duration_ms} ms", answer.status));
    if answer.body.is_empty() {
        return;
    }
    let body = String::from_utf8_lossy(&answer.body);
    let is_shown = |char: char| !char.is_control() || matches!(char, '\n' | '\t');
    let shown: String =
        body.chars().map(|it| if is_shown(it) { it } else { char::REPLACEMENT_CHARACTER }).collect();
    log.line(&shown);
    if answer.is_cut {
        log.line(&format!("[the body is longer than the {BODY_BYTES_MAX} bytes that are kept]"));
    }
}

fn judge(request: &Http, answer: &Answer) -> Outcome {
    let status = answer.status;
    if is_expected(request.expect_status, status) {
        return completed(format!("{status} after {} ms", answer.duration.as_millis()));
    }
    let wanted = match request.expect_status {
        Some(wanted) => wanted.to_string(),
        None if status.is_redirection() => "200 to 299 (redirects are not followed)".to_owned(),
        None => "200 to 299".to_owned(),
    };
    failed(format!("expected status {wanted}, and {status} came: {}", answer.excerpt()), true)
}
