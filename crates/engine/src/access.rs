//! Who may call: tokens and their roles, accounts by which people sign in, and privilege for a time.
//!
//! [`identity`] says who stands behind a name, [`hand`] who had a hand in a release. Passwords are not here: their
//! hashes are kept beside the ledger by whoever takes sign-ins.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::access::TokenScope;
use shipway_model::event::{Body, Event, Role};
use shipway_model::{AccountId, Digest, TokenId};

use crate::{Code, Context, Rejection};

mod account;
mod grant;
mod hand;
mod identity;

pub use account::AccountState;
pub use grant::{Grant, Use};
pub use hand::{Hand, Part, hands};
pub(crate) use hand::{author, record_commits};
pub use identity::{Identity, People};

#[derive(Debug, Clone, Default)]
pub struct Access {
    tokens: BTreeMap<TokenId, Token>,
    pub accounts: account::Accounts,
    pub grants: grant::Grants,
    pub people: People,
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
    /// Of a machine's, what it is limited to.
    pub scope: Option<TokenScope>,
    /// Of one that was given at a sign-in.
    pub account: Option<AccountId>,
    /// Of one that was given at a sign-in through an identity provider, the groups that it named.
    pub groups: BTreeSet<String>,
    /// Whether it was given at such a sign-in: nobody knew a password then.
    pub provider: bool,
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
            Body::TokenIssued {
                id,
                name,
                role,
                secret_digest,
                expires,
                scope,
                account,
                groups,
                provider,
            } => {
                let token = Token {
                    id: *id,
                    name: name.clone(),
                    role: *role,
                    secret_digest: *secret_digest,
                    issued: event.at,
                    issued_by: event.actor.clone(),
                    expires: *expires,
                    revoked: None,
                    scope: scope.as_deref().cloned(),
                    account: *account,
                    groups: groups.clone(),
                    provider: *provider,
                };
                self.tokens.insert(*id, token);
            }
            Body::TokenRevoked { id } => {
                if let Some(token) = self.tokens.get_mut(id) {
                    token.revoked = Some(event.at);
                }
            }
            Body::AccountAdded { .. } | Body::AccountEnabled { .. } => self.accounts.apply(event),
            Body::AccountDisabled { id } | Body::PasswordSet { id } => {
                self.accounts.apply(event);
                self.end_sign_ins(*id, event.at);
            }
            Body::GrantRequested { .. }
            | Body::GrantApproved { .. }
            | Body::GrantEnded { .. }
            | Body::GrantUsed { .. } => self.grants.apply(event),
            _ => {}
        }
    }

    fn end_sign_ins(&mut self, account: AccountId, at: Timestamp) {
        let of_account = self.tokens.values_mut().filter(|it| it.account == Some(account));
        for token in of_account.filter(|it| it.revoked.is_none()) {
            token.revoked = Some(at);
        }
    }

    /// A token in another person's name would let whoever issues it act as that person.
    pub(crate) fn issue(&self, token: Body, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
        if let Body::TokenIssued { name, account: None, .. } = &token
            && ctx.actor != shipway_model::event::CONTROL_PLANE
            && let Some(person) = self.people.of_account(name)
            && self.person(ctx.actor) != Some(person)
        {
            return Err(Rejection::new(
                Code::Impersonation,
                format!(
                    "`{name}` is a name of {person}, and a token for it would let {} act as {person}",
                    ctx.actor
                ),
            )
            .hint(format!(
                "{person} signs in with `shipway login`; machines get tokens under names of their own"
            )));
        }
        Ok(vec![token])
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
