//! Who calls: the bearer token, looked up in the committed state.

use crate::problem::Failure;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use shipway_api::operations::calendar::ReadCalendar;
use shipway_api::{Code, Operation as _};
use shipway_engine::State;
use shipway_model::event::Role;
use shipway_model::{Digest, Name, TokenId};
use subtle::ConstantTimeEq;

pub(crate) mod authorise;
pub(crate) mod rules;
pub(crate) mod sight;
pub(crate) mod subject;
pub(crate) mod webhook;

/// Whoever has shown a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) token: TokenId,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// A token as its holder has it: `shipway_tok_…_SECRET`.
pub(crate) struct Bearer {
    id: TokenId,
    secret: String,
}

impl Bearer {
    pub(crate) fn new(id: TokenId, secret: &str) -> Self {
        // The runtime's secrets carry the same prefix, which is wanted once.
        Self { id, secret: secret.strip_prefix("shipway_").unwrap_or(secret).to_owned() }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("shipway_")?.rsplit_once('_')?;
        Some(Self { id: id.parse().ok()?, secret: secret.to_owned() })
    }

    pub(crate) fn id(&self) -> TokenId {
        self.id
    }

    /// What the ledger keeps of the secret.
    pub(crate) fn secret_digest(&self) -> Digest {
        Digest::of(self.secret.as_bytes())
    }

    /// The whole token, to be shown once.
    pub(crate) fn reveal(&self) -> String {
        format!("shipway_{}_{}", self.id, self.secret)
    }

    /// Whom it is valid for now.
    pub(crate) fn caller(&self, state: &State, now: Timestamp) -> Option<Caller> {
        let token = state.access.get(self.id).filter(|it| it.is_valid(now))?;
        let same = token.secret_digest.as_bytes().ct_eq(self.secret_digest().as_bytes());
        bool::from(same).then(|| Caller { token: token.id, name: token.name.clone(), role: token.role })
    }
}

impl Caller {
    /// The name that events carry.
    pub(crate) fn actor(&self) -> String {
        match self.role {
            Role::Agent => format!("agent:{}", self.name),
            Role::Viewer | Role::Builder | Role::Operator | Role::Admin | Role::Approver | Role::Auditor => {
                self.name.clone()
            }
        }
    }

    /// Refuses unless this is the agent of `host`.
    pub(crate) fn must_be_agent_of(&self, host: &Name) -> Result<(), Failure> {
        if self.role == Role::Agent && self.name == host.as_str() {
            return Ok(());
        }
        let detail = format!("the token of `{}` does not act for host `{host}`", self.name);
        Err(Failure::new(Code::Forbidden, detail)
            .hint("an agent's token acts for the host that it is named after"))
    }
}

/// Reads the `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Bearer> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Bearer::parse(token.trim()))?
}

/// Whom the token in an address stands for. Addresses are kept in histories and logs, so only a token counts there that
/// reads calendars and can do nothing else.
pub(crate) fn by_key(uri: &Uri, state: &State, now: Timestamp) -> Option<Caller> {
    let key = uri.query()?.split('&').find_map(|it| it.strip_prefix("key="))?;
    let caller = Bearer::parse(key)?.caller(state, now)?;
    let scope = state.access.get(caller.token)?.scope.as_ref()?;
    let only = scope.operations.iter().map(String::as_str);
    only.eq([ReadCalendar::ID]).then_some(caller)
}

/// The name and the password of `Authorization: Basic` (RFC 7617).
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

pub(crate) fn unauthenticated() -> Failure {
    Failure::new(Code::Unauthenticated, "the request carries no token that is valid now")
        .hint("send `Authorization: Bearer shipway_tok_…`; an admin issues tokens with `shipway token issue`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_other_texts_do_not() {
        let id: TokenId = "tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap();
        let bearer = Bearer::new(id, "shipway_abc");
        assert_eq!(bearer.reveal(), "shipway_tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01_abc");
        let read = Bearer::parse(&bearer.reveal()).unwrap();
        assert_eq!((read.id, read.secret_digest()), (id, Digest::of(b"abc")));
        for bad in ["", "shipway_", "shipway_tok_1_x", "tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01_abc"] {
            assert!(Bearer::parse(bad).is_none(), "{bad}");
        }
    }
}
