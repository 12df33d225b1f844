//! Who may call: tokens and their roles.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::event::{Body, Event, Role};
use shipway_model::{Digest, TokenId};

use crate::{Code, Context, Rejection};

#[derive(Debug, Clone, Default)]
pub struct Access {
    tokens: BTreeMap<TokenId, Token>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    /// SHA-256 of the secret; the secret itself was shown once and is kept nowhere.
    pub secret_digest: Digest,
    pub issued: Timestamp,
    pub issued_by: String,
    pub expires: Option<Timestamp>,
    pub revoked: Option<Timestamp>,
}

impl Token {
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

impl Access {
    pub fn get(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id)
    }

    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::TokenIssued { id, name, role, secret_digest, expires } => {
                let token = Token {
                    id: *id,
                    name: name.clone(),
                    role: *role,
                    secret_digest: *secret_digest,
                    issued: event.at,
                    issued_by: event.actor.clone(),
                    expires: *expires,
                    revoked: None,
                };
                self.tokens.insert(*id, token);
            }
            Body::TokenRevoked { id } => {
                if let Some(token) = self.tokens.get_mut(id) {
                    token.revoked = Some(event.at);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn revoke(&self, id: TokenId, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
        match self.tokens.get(&id) {
            None => Err(Rejection::new(Code::UnknownToken, format!("there is no token {id}"))
                .hint("`shipway token list` shows those there are")),
            Some(token) if token.is_valid(ctx.now) => Ok(vec![Body::TokenRevoked { id }]),
            Some(_) => Ok(Vec::new()),
        }
    }
}
