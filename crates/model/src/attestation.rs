//! What somebody signed about artifacts: how they were built, or that they were looked at.
//!
//! The outer form is in-toto's Statement: subjects by digest, and a predicate of some type. What is known of SLSA's
//! predicates stands in fields of its own; of others the type alone is kept. Whether a signature holds is not a
//! question of the document: it was asked against roots of trust, and the answer is in [`Attestation::signers`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, Name};

/// One statement about some subjects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attestation {
    /// The URI that says what kind of statement it is, such as `https://slsa.dev/provenance/v1`.
    pub predicate_type: String,
    pub subjects: Vec<Subject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<VerificationSummary>,
    /// How many signatures the envelope has; 0 for a bare statement.
    pub signatures: u64,
    /// Whose signatures hold, each once. Empty where no roots were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Signer>,
    /// Why signatures do not hold, one sentence each. Empty where no roots were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// What a statement is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// By algorithm as `sha256`, in lower-case hex.
    pub digests: BTreeMap<String, String>,
}

/// SLSA provenance, whatever its version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// The builder's id: who is answerable for the build.
    pub builder: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_type: Option<String>,
    /// The repository that was built, without scheme prefix `git+`, `@ref` and the suffix `.git`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Such as `refs/heads/main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The builder's id of this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
}

/// A SLSA verification summary: somebody else verified, and says with which result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerificationSummary {
    /// The verifier's id.
    pub verifier: String,
    pub passed: bool,
    /// Such as `SLSA_BUILD_LEVEL_3`.
    pub levels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
}

/// Whose signature holds, and under which root of trust.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signer {
    /// The TrustRoot that vouches for the key.
    pub root: Name,
    /// The key's name there, or the identity that a certificate or an allowed-signers file gives.
    pub identity: String,
    /// `SHA256:` and the fingerprint as `ssh-keygen` writes it, `sha256:` and the digest of the DER form of the
    /// public key or the certificate, or
    /// `openpgp:` and the fingerprint of the certificate.
    pub key: String,
    /// Who vouched for the identity, where a certificate gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// A signature over what a person or a firm says, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seal {
    /// The signed envelope, kept as a blob.
    pub envelope: Digest,
    pub signer: Signer,
    /// The armoured SSH signature over [`crate::evidence::SignedWord`]; it is verified again whenever it is to count.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 8192))]
    pub signature: String,
}
