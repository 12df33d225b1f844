//! Every "no" of the server in one form: problem+json.

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use shipway_api::problem::{self, Statement};
use shipway_api::{Code, Problem};
use shipway_engine::Rejection;
use shipway_runtime::driver::LogError;
use shipway_runtime::{AsOfError, OpenError, ProofError, StoreError, SubmitError};

use crate::gates::Fault;

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct Failure(Box<Problem>);

/// Seconds after which whoever was turned away because of too much work may try again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

impl Failure {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)))
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(crate) fn problem(&self) -> &Problem {
        &self.0
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn faults(mut self, faults: Vec<problem::Fault>) -> Self {
        self.0.faults = faults;
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self.0).expect("problems have string keys");
        let mut response = (status, [(CONTENT_TYPE, problem::MEDIA)], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        let code = Code::from_name(rejection.code.as_str()).unwrap_or(Code::InvalidRequest);
        let stated = |message| problem::Fault::Stated(Statement { message });
        let failure =
            Self::new(code, rejection.message).faults(rejection.faults.into_iter().map(stated).collect());
        rejection.hint.into_iter().fold(failure, Self::hint)
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(rejection) => rejection.into(),
            SubmitError::KeyReused => Failure::new(Code::IdempotencyKeyReused, error.to_string())
                .hint("use a new key for a new request"),
            SubmitError::Changed => Failure::new(Code::PreconditionFailed, error.to_string())
                .hint("read it again, then decide again"),
            SubmitError::Overloaded => Failure::new(Code::Overloaded, error.to_string()),
            SubmitError::Unavailable(_) => Failure::new(Code::Unavailable, error.to_string()),
            SubmitError::Unsure(_) => Failure::new(Code::Unavailable, error.to_string())
                .hint("repeat it with the same `Idempotency-Key`: then it is done once"),
            SubmitError::Unrecordable(_) => Failure::new(Code::InvalidRequest, error.to_string()),
            // Only reports can be fenced, and their handler tells of it report by report.
            SubmitError::Fenced { .. } => internal(&error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Failure::new(Code::Unavailable, error.to_string()),
            StoreError::Outrun(_) => Failure::new(Code::Unavailable, error.to_string())
                .hint("ask another control plane; this one is to be replaced by the version that they are"),
            StoreError::Damaged(_) => internal(&error),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Rejected(rejection) => rejection.into(),
            Fault::Missing { .. } => Failure::new(Code::UnknownBlob, fault.to_string())
                .hint("restore it from a backup, or attach the document again"),
            Fault::Damaged { .. } | Fault::Unreadable(_) | Fault::Unwritable(_) => internal(&fault),
        }
    }
}

impl From<AsOfError> for Failure {
    fn from(error: AsOfError) -> Self {
        match error {
            AsOfError::Future { .. } => Failure::new(Code::InvalidRequest, error.to_string())
                .hint("`asOf` takes an instant that is over; leave it out to ask for now"),
            AsOfError::Ledger(OpenError::Store(error)) => error.into(),
            AsOfError::Ledger(error) => internal(&error),
        }
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Store(error) => error.into(),
            ProofError::Impossible(error) => Failure::new(Code::UnknownPosition, error.to_string()),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Gap { .. } => Failure::new(Code::LogGap, error.to_string()),
            LogError::Io { .. } => internal(&error),
        }
    }
}

/// A fault of ours: told in full to the log, and to the caller that there was one.
pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Failure {
    tracing::error!(error, "a request met a fault");
    Failure::new(Code::Internal, "the control plane met a fault; its log says more")
}

pub(crate) async fn not_found(request: Request) -> Failure {
    Failure::new(Code::NotFound, format!("there is nothing at `{}`", shown(request.uri().path())))
        .hint("`/openapi.json` lists what there is")
}

pub(crate) async fn method_not_allowed(request: Request) -> Failure {
    let detail = format!("`{}` does not take {}", shown(request.uri().path()), request.method());
    Failure::new(Code::MethodNotAllowed, detail)
}

/// A caller's text, short enough and without control characters, for a sentence.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rejection_of_the_core_is_in_the_catalogue() {
        for code in shipway_engine::Code::ALL {
            let known = Code::from_name(code.as_str());
            let status = match code.kind() {
                shipway_engine::Kind::NotFound => 404,
                shipway_engine::Kind::Conflict => 409,
                shipway_engine::Kind::Invalid => 422,
            };
            assert_eq!(known.map(Code::status), Some(status), "{}", code.as_str());
        }
    }
}
