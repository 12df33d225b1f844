//! Fetching bytes.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse;
use shipway_api::Code;
use shipway_api::operations::blob::GetBlob;
use tokio_util::io::ReaderStream;

use crate::incoming::{Incoming, Outcome};
use crate::problem;
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<GetBlob>) -> Outcome<GetBlob> {
    let digest = it.path.digest;
    let found = it.app.blobs.get(&digest).await.map_err(|error| problem::internal(&error))?;
    let (file, size) = found
        .ok_or_else(|| Failure::new(Code::UnknownBlob, format!("no bytes are stored under {digest}")))?;
    let media = (CONTENT_TYPE, "application/octet-stream".to_owned());
    let headers = [media, (CONTENT_LENGTH, size.to_string())];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}
