//! Storing bytes.

use futures_util::StreamExt;
use shipway_api::Code;
use shipway_api::operations::blob::PutBlob;

use crate::blob::PutError;
use crate::config::BODY_SILENCE_MAX;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::{payload, problem};

pub(super) async fn handle(it: Incoming<PutBlob>) -> Outcome<PutBlob> {
    let (blobs, digest) = (&it.app.blobs, it.path.digest);
    let limit = blobs.bytes_max();
    // Said before anything is read, where the sender says it.
    if payload::length(&it.headers).is_some_and(|it| it > limit) {
        return Err(refused(PutError::TooLarge { bytes_max: limit }));
    }
    let mut bytes = it.body.into_data_stream();
    if blobs.size(&digest).is_some() {
        // It is here already. What is sent is still read, so that the sender gets to see the answer.
        while let Ok(Some(Ok(_))) = tokio::time::timeout(BODY_SILENCE_MAX, bytes.next()).await {}
        return Ok(());
    }
    blobs.put(&digest, bytes, BODY_SILENCE_MAX).await.map_err(refused)
}

fn refused(error: PutError) -> Failure {
    let code = match &error {
        PutError::TooLarge { .. } => Code::TooLarge,
        PutError::Mismatch { .. } => Code::DigestMismatch,
        PutError::Broken => Code::Timeout,
        PutError::Io(source) if source.kind() == std::io::ErrorKind::StorageFull => Code::Unavailable,
        PutError::Io(_) => return problem::internal(&error),
    };
    Failure::new(code, error.to_string())
}
