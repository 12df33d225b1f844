//! A document as it is attached: what it is about, and who says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::Digest;
use crate::attestation::Seal;

/// A document as the ledger knows it: what it is about, under which digests it is kept, and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachment {
    /// The artifact that was looked at, or those that were looked at together; a release by its own digest.
    /// It counts for exactly these.
    pub subject: BTreeSet<Digest>,
    /// Of the bytes as they were sent.
    pub original: Digest,
    pub size_bytes: u64,
    /// The format's name, such as `junit`, or [`STATEMENT`].
    pub format: String,
    /// Of the normal form's JSON; a statement has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Digest>,
    /// What the normal form speaks of.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// For documents that no reader understands: what a person or a firm says with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Word>,
    /// Whose signature over the statement holds; absent where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Where what it tells of took place, as far as whoever sent it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
}

/// Where a test ran, and over how much: what it cannot have shown follows from that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ran {
    /// The Environment in which it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<crate::Name>,
    /// How much was there, as it was counted, by the data sets of the environments' `scale` and in their units.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<crate::Name, u64>,
}

/// The format of documents that are taken at their issuer's word.
pub const STATEMENT: &str = "statement";

/// What a document says that only people can read: a penetration test, a certificate, a drill, a sign-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Word {
    /// Such as `penetration-test`; gates ask for it by this name.
    pub kind: crate::Name,
    /// Who says so.
    pub issuer: String,
    /// What exactly it covers.
    pub scope: String,
    /// After this it counts no more.
    pub expires: Timestamp,
}

/// What is signed where a [`Word`] is: the word, the document and what it is about, so that a signature counts for nothing
/// else. Its bytes are canonical JSON (RFC 8785): the fields stand in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedWord {
    /// Of the document's bytes.
    pub document: Digest,
    pub domain: Domain,
    pub expires: Timestamp,
    pub issuer: String,
    pub kind: crate::Name,
    pub scope: String,
    pub subject: BTreeSet<Digest>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Domain {
    #[default]
    #[serde(rename = "evidence@shipway.dev")]
    Evidence,
}

/// The namespace of these signatures (`ssh-keygen -Y verify -n`), so that no other protocol's can pass for one.
pub const NAMESPACE: &str = "evidence@shipway.dev";

impl SignedWord {
    pub fn new(word: &Word, document: Digest, subject: BTreeSet<Digest>) -> Self {
        let Word { kind, issuer, scope, expires } = word.clone();
        Self { document, domain: Domain::Evidence, expires, issuer, kind, scope, subject }
    }

    /// The bytes that are signed, and nothing else.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and instants always have a JSON form")
    }
}

/// The format of documents that the control plane makes itself from what was imported about vulnerabilities.
pub const KNOWLEDGE: &str = "knowledge";

impl Attachment {
    /// What it speaks of, in the words of a token's scope: kinds of the normal form, or the kind of a statement.
    pub fn kind_names(&self) -> BTreeSet<String> {
        let of_statement = self.statement.iter().map(|it| it.kind.to_string());
        self.kinds.iter().map(|it| it.as_str().to_owned()).chain(of_statement).collect()
    }
}
