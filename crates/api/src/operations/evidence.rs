//! Evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::evidence::{Kind, Ran, Word};
use shipway_model::{Digest, EvidenceId};

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::selector::{ReleaseSelector, SubjectSelector};
use crate::view::evidence::EvidenceView;

/// A document whose bytes are stored, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewEvidence {
    /// One artifact or release, or all artifacts that were tested together.
    pub subject: Vec<SubjectSelector>,
    /// The digest of the document's bytes, uploaded before.
    pub original: Digest,
    /// The format's name; found by content where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// For a document that only people can read: it is not parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Word>,
    /// Its issuer's armoured SSH signature over the statement, made in the namespace `evidence@shipway.dev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub signature: Option<String>,
    /// Where what it tells of took place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidencePath {
    pub evidence: EvidenceId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceQuery {
    /// About this digest alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Digest>,
    /// About this release or any artifact in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseSelector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

operations! {
    /// Attach a stored document as evidence. It is read, kept in its normal form beside the original, and
    /// recorded. The same document about the same subject may be attached again.
    AttachEvidence "attachEvidence": Post "/api/v1/evidence", Builder {
        body: Json<NewEvidence>,
        answer: Json<EvidenceView>,
        status: 201,
        errors: [UnknownBlob, UnreadableEvidence, InvalidEvidence, EvidenceNotAllowed, UnknownSubject, UnknownRelease, ReleaseNotSealed],
    }

    /// List evidence, the earliest first.
    ListEvidence "listEvidence": Get "/api/v1/evidence", Viewer {
        query: EvidenceQuery,
        answer: Json<Page<EvidenceView>>,
        errors: [UnknownRelease],
    }

    /// Show what is recorded of a document. Its bytes and its normal form are blobs.
    ShowEvidence "showEvidence": Get "/api/v1/evidence/{evidence}", Viewer {
        path: EvidencePath,
        answer: Json<EvidenceView>,
        errors: [UnknownEvidence],
    }
}
