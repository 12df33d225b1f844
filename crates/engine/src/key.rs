//! The keys that people sign with: whose they are, and since when no longer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::Digest;
use shipway_model::approval::{PersonKey, PublicKey};
use shipway_model::event::{Body, Event};

use crate::{Code, Context, Rejection};

pub mod allowed;
pub mod passkey;
pub mod ssh;

/// Keys that one person may have at once.
pub const KEYS_PER_PERSON_MAX: usize = 20;

#[derive(Debug, Clone, Default)]
pub struct Keys {
    keys: BTreeMap<Digest, Key>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub key: PersonKey,
    pub owner: String,
    pub registered: Timestamp,
    pub revoked: Option<Revoked>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    pub by: String,
    pub at: Timestamp,
    /// What was recorded from here on falls.
    pub since: Timestamp,
    pub reason: String,
}

impl Key {
    /// Whether what it signed, and the ledger recorded at `at`, counts. The recorded time decides and not the one in
    /// the statement, which the holder of a stolen key could choose.
    pub fn counts_at(&self, at: Timestamp) -> bool {
        self.registered <= at && self.revoked.as_ref().is_none_or(|it| at < it.since)
    }
}

impl Keys {
    pub fn get(&self, id: &Digest) -> Option<&Key> {
        self.keys.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::KeyRegistered { key } => {
                let owner = event.actor.clone();
                let key = Key { key: key.clone(), owner, registered: event.at, revoked: None };
                self.keys.insert(key.key.id, key);
            }
            Body::KeyRevoked { key, since, reason } => {
                if let Some(key) = self.keys.get_mut(key) {
                    let since = since.unwrap_or(event.at).min(event.at);
                    let by = event.actor.clone();
                    key.revoked = Some(Revoked { by, at: event.at, since, reason: reason.clone() });
                }
            }
            _ => {}
        }
    }

    pub(crate) fn register(&self, key: &PersonKey, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
        let id = match &key.public {
            PublicKey::Ssh { line } => ssh::id_of(line).map_err(|fault| fault.to_string()),
            PublicKey::Passkey { point, .. } => passkey::id_of(point).map_err(|fault| fault.to_string()),
        };
        let invalid = |message: String| Err(Rejection::new(Code::InvalidKey, message));
        match id {
            Err(fault) => return invalid(fault),
            Ok(id) if id != key.id => return invalid(format!("the key's id is {id}, not {}", key.id)),
            Ok(_) => {}
        }
        if let Some(known) = self.keys.get(&key.id) {
            // One key is one person: whoever holds it under two names is the same.
            return match &known.revoked {
                None if known.owner == ctx.actor => Ok(Vec::new()),
                None => Err(Rejection::new(
                    Code::KeyTaken,
                    format!("the key {} is somebody else's already", key.id.short()),
                )
                .hint("make a key of your own: `ssh-keygen -t ed25519`")),
                Some(revoked) => Err(Rejection::new(
                    Code::KeyTaken,
                    format!("the key {} was revoked at {}", key.id.short(), revoked.at),
                )
                .hint("a revoked key never comes back: make another one with `ssh-keygen -t ed25519`")),
            };
        }
        let n_own = self.keys.values().filter(|it| it.owner == ctx.actor && it.revoked.is_none()).count();
        if n_own >= KEYS_PER_PERSON_MAX {
            return invalid(format!("nobody has more than {KEYS_PER_PERSON_MAX} keys at once"));
        }
        Ok(vec![Body::KeyRegistered { key: key.clone() }])
    }

    /// Anybody who may ask for it revokes any key: a stolen one cannot wait for its owner.
    pub(crate) fn revoke(
        &self,
        id: Digest,
        since: Option<Timestamp>,
        reason: &str,
    ) -> Result<Vec<Body>, Rejection> {
        let Some(key) = self.keys.get(&id) else {
            return Err(Rejection::new(Code::UnknownKey, format!("there is no key {}", id.short()))
                .hint("`shipway key list` shows those there are"));
        };
        // A later word may only reach further back.
        let reaches_further =
            key.revoked.as_ref().is_none_or(|it| since.is_some_and(|since| since < it.since));
        Ok(match reaches_further {
            true => vec![Body::KeyRevoked { key: id, since, reason: reason.to_owned() }],
            false => Vec::new(),
        })
    }
}
