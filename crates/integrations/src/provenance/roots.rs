//! Roots of trust, ready to be asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_engine::key::allowed::{AllowedSigner, allowed_signer};
use shipway_model::attestation::Signer;
use shipway_model::resource::TrustRoot;
use shipway_model::{Digest, Name};

use super::key::PublicKey;
use super::openpgp::Certificate;
use super::sigstore::Keyless;

/// All keys that are believed, whatever root they are from.
#[derive(Debug, Default)]
pub struct Roots {
    keys: Vec<Key>,
    pub(super) allowed: Vec<(Name, AllowedSigner)>,
    pub(super) openpgp: Vec<(Name, Certificate)>,
    pub(super) keyless: Vec<Keyless>,
}

#[derive(Debug)]
struct Key {
    root: Name,
    name: Name,
    key: PublicKey,
    digest: Digest,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
}

/// Why a root cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{root}: {what}: {why}")]
pub struct RootsFault {
    pub root: Name,
    /// The key's name, or the line of the allowed signers.
    pub what: String,
    pub why: String,
}

impl Roots {
    /// # Errors
    /// A key or a line is not what it should be. One bad key makes the whole unusable: to go on without it would be to
    /// answer another question than was asked.
    pub fn new(roots: &BTreeMap<Name, TrustRoot>) -> Result<Self, RootsFault> {
        let mut ready = Self::default();
        for (root, it) in roots {
            for key in &it.keys {
                let at_fault =
                    |why| RootsFault { root: root.clone(), what: format!("key `{}`", key.name), why };
                let (public, digest) = PublicKey::from_pem(&key.pem).map_err(at_fault)?;
                ready.keys.push(Key {
                    root: root.clone(),
                    name: key.name.clone(),
                    key: public,
                    digest,
                    valid_from: key.valid_from,
                    valid_until: key.valid_until,
                });
            }
            for (idx, line) in it.allowed_signers.lines().enumerate() {
                let what = format!("line {} of allowedSigners", idx + 1);
                let at_fault = |why| RootsFault { root: root.clone(), what, why };
                let signer = allowed_signer(line).map_err(at_fault)?;
                ready.allowed.extend(signer.map(|it| (root.clone(), it)));
            }
            if let Some(sigstore) = &it.sigstore {
                let what = "sigstore".to_owned();
                let at_fault = |why| RootsFault { root: root.clone(), what, why };
                ready.keyless.push(Keyless::new(root, sigstore).map_err(at_fault)?);
            }
            for (idx, armored) in it.openpgp.iter().enumerate() {
                let what = format!("certificate {} of openpgp", idx + 1);
                let at_fault = |why| RootsFault { root: root.clone(), what, why };
                ready.openpgp.push((root.clone(), Certificate::parse(armored).map_err(at_fault)?));
            }
        }
        Ok(ready)
    }

    /// Whose signature over the message it is.
    ///
    /// # Errors
    /// Nobody's that counts at this instant, in a sentence.
    pub(super) fn signer(&self, message: &[u8], signature: &[u8], at: Timestamp) -> Result<Signer, String> {
        self.find(at, |key| key.verifies(message, signature))
    }

    /// The same for a message of which only the digest is known.
    ///
    /// # Errors
    /// As for [`Self::signer`].
    pub(super) fn signer_of_digest(
        &self,
        digest: &Digest,
        signature: &[u8],
        at: Timestamp,
    ) -> Result<Signer, String> {
        self.find(at, |key| key.verifies_digest(digest, signature))
    }

    fn find(&self, at: Timestamp, verifies: impl Fn(&PublicKey) -> bool) -> Result<Signer, String> {
        let mut lapsed = None;
        for key in self.keys.iter().filter(|it| verifies(&it.key)) {
            let identity = format!("{} of {}", key.name, key.root);
            match (key.valid_from, key.valid_until) {
                (Some(from), _) if at < from => lapsed = Some(format!("{identity} counts only from {from}")),
                (_, Some(until)) if at >= until => {
                    lapsed = Some(format!("{identity} counted only until {until}"));
                }
                _ => {
                    return Ok(Signer {
                        root: key.root.clone(),
                        identity: key.name.to_string(),
                        key: key.digest.to_string(),
                        issuer: None,
                    });
                }
            }
        }
        Err(lapsed.unwrap_or_else(|| match self.keys.len() {
            0 => "the roots hold no key for envelopes".to_owned(),
            n_keys => format!("it holds under none of the {n_keys} keys of the roots"),
        }))
    }
}
