//! Bytes by their digest: archives of artifacts and documents of releases.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Digest;

use super::operations;
use crate::payload::Octets;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlobPath {
    pub digest: Digest,
}

operations! {
    /// Store bytes under their digest. Bytes that are stored already are accepted again.
    PutBlob "putBlob": Put "/api/v1/blobs/{digest}", Builder {
        path: BlobPath,
        body: Octets,
        answer: (),
        status: 204,
        pace: Streamed,
        errors: [DigestMismatch],
    }

    /// Fetch the bytes with this digest.
    GetBlob "getBlob": Get "/api/v1/blobs/{digest}", ViewerOrAgent {
        path: BlobPath,
        answer: Octets,
        pace: Streamed,
        errors: [UnknownBlob],
    }
}
