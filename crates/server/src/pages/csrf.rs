//! Forms that only our own pages can send.
//!
//! Each form carries a token that follows from the session's secret. Another site can make a browser send a form, and
//! the cookie with it where a browser does not heed `SameSite`; but it cannot read the token out of our pages.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use shipway_api::Code;
use shipway_model::Digest;
use subtle::ConstantTimeEq;

use super::visit::Visit;
use crate::app::App;
use crate::problem::Failure;

/// The field's name.
const FIELD: &str = "csrf";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Csrf(String);

impl Csrf {
    pub(super) fn of(secret: &str) -> Self {
        Self(Digest::of(format!("shipway form\n{secret}").as_bytes()).hex())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

/// A form from one of our pages, and who sent it.
pub(super) struct Sent {
    pub(super) visit: Visit,
    fields: BTreeMap<String, String>,
}

impl Sent {
    /// What was written into a field, without the spaces around it; empty when it was left out.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |it| it.trim())
    }
}

impl FromRequest<App> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let foreign = parts.headers.get("sec-fetch-site").is_some_and(|it| it != "same-origin");
        let form =
            Form::<BTreeMap<String, String>>::from_request(Request::from_parts(parts, body), &()).await;
        let Form(fields) = match form {
            Ok(form) => form,
            Err(error) => return Err(error.into_response()),
        };
        let sent = Self { visit, fields };
        if foreign || !sent.visit.csrf.is(sent.field(FIELD)) {
            let failure = Failure::new(Code::Forbidden, "this form did not come from a page of this session")
                .hint("open the page again and send it from there");
            return Err(sent.visit.refuse(&failure));
        }
        if !sent.visit.is_now() {
            let failure = Failure::new(Code::InvalidRequest, "nothing can be done in the past")
                .hint("go back to now, and decide there");
            return Err(sent.visit.refuse(&failure));
        }
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_sessions_and_does_not_show_its_secret() {
        let csrf = Csrf::of("secret");
        assert!(csrf.is(Csrf::of("secret").as_str()));
        for other in ["", "secret", Csrf::of("other").as_str()] {
            assert!(!csrf.is(other), "{other}");
        }
    }
}
