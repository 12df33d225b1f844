//! One call of a tool's HTTP API, with the token of the control plane's own.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{AskError, TIMEOUT, variable};
use crate::outbound::{Call, Outbound};

/// Longest answer that is read, in bytes.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Where a tool answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api<'a> {
    pub(crate) outbound: &'a Outbound,
    pub(crate) url: &'a str,
    /// The control plane's environment variable that holds a bearer token.
    pub(crate) token_variable: Option<&'a str>,
}

impl Api<'_> {
    /// The body of an answer that went well. `form` is sent as browsers send forms.
    ///
    /// # Errors
    /// There is no answer, it is none that went well, or it is too long.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        form: Option<String>,
    ) -> Result<Vec<u8>, AskError> {
        let mut headers = HeaderMap::new();
        if form.is_some() {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(name) = self.token_variable {
            headers.insert(header::AUTHORIZATION, bearer(name)?);
        }
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        let call = Call {
            method,
            url: &url,
            headers,
            body: form.map(String::into_bytes),
            timeout: TIMEOUT,
            body_bytes_max: BODY_BYTES_MAX,
        };
        let answer = self.outbound.call(call).await?;
        if answer.is_cut {
            return Err(AskError::TooLarge(BODY_BYTES_MAX));
        }
        if answer.status != StatusCode::OK {
            return Err(AskError::Status(format!("{}: {}", answer.status, answer.excerpt())));
        }
        Ok(answer.body)
    }
}

/// The token that a variable of the control plane's environment holds, as a header.
pub(crate) fn bearer(name: &str) -> Result<HeaderValue, AskError> {
    let token = variable(name)?;
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| AskError::Invalid(format!("{name} holds no token")))?;
    value.set_sensitive(true);
    Ok(value)
}
