//! Bytes up and down, streamed.

use bytes::Bytes;
use futures_util::{Stream, TryStream};
use reqwest::header::CONTENT_LENGTH;
use shipway_model::Digest;

use super::call::{send, unreachable};
use super::{Client, Error};
use crate::operations::blob::{BlobPath, GetBlob, PutBlob};

impl Client {
    /// Stores `size_bytes` bytes under their digest; the server checks both.
    ///
    /// # Errors
    /// `digest-mismatch` and `too-large` among others; an error of `bytes` appears as [`Error::Unreachable`].
    pub async fn put_blob<S>(&self, digest: Digest, size_bytes: u64, bytes: S) -> Result<(), Error>
    where
        S: TryStream + Send + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let request = self
            .request::<PutBlob>(&BlobPath { digest }, &())
            .header(CONTENT_LENGTH, size_bytes)
            .body(reqwest::Body::wrap_stream(bytes));
        send(request).await.map(drop)
    }

    /// Fetches bytes as they come. Whether they have the digest is for the caller to check.
    ///
    /// # Errors
    /// `unknown-blob` among others.
    pub async fn get_blob(
        &self,
        digest: Digest,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + Unpin + use<>, Error> {
        use futures_util::TryStreamExt;

        let response = send(self.request::<GetBlob>(&BlobPath { digest }, &())).await?;
        Ok(response.bytes_stream().map_err(unreachable))
    }
}
