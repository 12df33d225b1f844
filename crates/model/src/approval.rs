//! Approvals: a person's signature over what they were shown, and the keys that sign.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::Shown;
use crate::release::Class;
use crate::{ChangeId, Digest, Millis, Name};

/// The namespace of the signatures (`ssh-keygen -Y verify -n`), and the first word of what is signed, so that no other
/// protocol's signature can pass for an approval.
pub const NAMESPACE: &str = "approval@shipway.dev";
/// Conditions of one vote.
pub const CONDITIONS_MAX: usize = 20;
/// The longest condition, in bytes.
pub const CONDITION_BYTES_MAX: usize = 500;
/// The longest life of an approval that anybody may ask for.
pub const VALIDITY_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

/// What is signed. Its bytes are canonical JSON (RFC 8785): the fields stand in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// Of a vote, the Board whose member the signer speaks as; an approval names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Name>,
    pub change: ChangeId,
    pub class: Class,
    /// What has to be so before a vote for the change carries it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 500)))]
    pub conditions: Vec<String>,
    pub decision: Decision,
    pub domain: Domain,
    pub environment: Name,
    /// Over all evidence that there was.
    pub evidence: Digest,
    pub expires: Timestamp,
    /// By the signer's side. What counts in time is when the ledger recorded it.
    pub issued: Timestamp,
    /// Of the key that signs.
    pub key: Digest,
    /// Drawn anew for each word, so that one word is one signature.
    #[schemars(length(min = 16, max = 64))]
    pub nonce: String,
    pub plan: Digest,
    pub policy: Digest,
    pub release: Digest,
    /// The only time in which the rollout may begin on this word; any time until it expires when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Domain {
    #[default]
    #[serde(rename = "approval@shipway.dev")]
    Approval,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Approve,
    /// The change does not begin while this stands.
    Reject,
    /// The signer has no part in it: neither word of theirs counts.
    Recuse,
    /// On a board: present, and neither for nor against.
    Abstain,
}

/// `until` itself no longer belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A word as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    pub statement: Statement,
    pub signature: Signature,
    /// For whoever reads it; not signed, and may be erased.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2000))]
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Signature {
    /// An armoured SSH signature, as `ssh-keygen -Y sign` writes it.
    Ssh {
        #[schemars(length(max = 8192))]
        armoured: String,
    },
    /// The raw assertion of a passkey (WebAuthn level 3, section 6.3.3), each part in base64url without padding.
    Passkey { authenticator_data: String, client_data_json: String, signature: String },
}

/// A key that a person signs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonKey {
    /// SHA-256 of the key as its kind writes it: what `ssh-keygen -l` shows in base64, in hexadecimal digits.
    pub id: Digest,
    pub public: PublicKey,
    /// For its owner, for example which machine it is on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PublicKey {
    /// `ssh-ed25519 AAAA…`: the algorithm and the key, without the comment.
    Ssh { line: String },
    /// A passkey for ES256 (RFC 9053), as the browser made it.
    Passkey {
        /// In base64url.
        credential: String,
        /// The point on P-256, uncompressed (SEC 1, section 2.3.3), in base64url: 65 bytes.
        point: String,
        /// The relying party, for example `ship.example.com`.
        rp_id: String,
        /// Where pages of it come from, for example `https://ship.example.com`.
        origin: String,
    },
}

impl Statement {
    /// The bytes that are signed, and nothing else.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and instants always have a JSON form")
    }

    pub fn shown(&self) -> Shown {
        Shown {
            environment: self.environment.clone(),
            class: self.class,
            plan: self.plan,
            release: self.release,
            evidence: self.evidence,
            policy: self.policy,
        }
    }
}

impl Decision {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Recuse => "recuse",
            Self::Abstain => "abstain",
        }
    }
}

impl Window {
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}
