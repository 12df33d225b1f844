//! A root of trust: whose signatures count. Everything is in the file; nothing is ever fetched.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Name;

/// Keys and signers that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustRoot {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub keys: Vec<TrustedKey>,
    /// Lines as in `ssh-keygen`'s allowed-signers file: principals, options, key. Their signatures count for commits and
    /// tags of Git, and for statements.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub allowed_signers: String,
    /// OpenPGP certificates, each `-----BEGIN PGP PUBLIC KEY BLOCK-----`. Their signatures count for commits and tags of
    /// Git.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub openpgp: Vec<String>,
    /// Keyless signatures of Sigstore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigstore: Option<Sigstore>,
}

/// A public key and what it may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedKey {
    pub name: Name,
    /// `-----BEGIN PUBLIC KEY-----`: Ed25519, ECDSA over P-256, or RSA of at least 2048 bits.
    pub pem: String,
    /// The issuers for whom it signs statements. A key without any signs no statements.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issuers: BTreeSet<String>,
    /// Its signatures do not count before or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// Whose certificates count, and under which authorities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sigstore {
    /// The text of a `trusted_root.json`: certificate authorities, transparency logs, timestamp authorities.
    pub trusted_root: String,
    /// At least one must fit.
    #[schemars(length(min = 1, max = 1000))]
    pub identities: Vec<CertificateIdentity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateIdentity {
    /// Who vouched for it when the certificate was issued, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// The certificate's subject: an address or a workflow's URI, exactly; one that ends in `*` covers what begins with the
    /// rest.
    pub subject: String,
}
