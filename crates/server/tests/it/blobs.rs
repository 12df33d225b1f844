//! Bytes by their digest.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use shipway_api::operations::artifact::{ArtifactQuery, ListArtifacts, RegisterArtifact};
use shipway_api::view::artifact::Storage;
use shipway_api::{Client, Code};
use shipway_model::Digest;
use shipway_model::event::Role;
use shipway_model::release::Artifact;

use crate::bed::{BLOB_BYTES_MAX, Bed, problem};

async fn fetch(client: &Client, digest: Digest) -> Result<Vec<u8>, shipway_api::client::Error> {
    let pieces: Vec<Bytes> = client.get_blob(digest).await?.try_collect().await?;
    Ok(pieces.concat())
}

fn put(bed: &Bed, digest: Digest, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    bed.http.put(bed.url(&format!("/api/v1/blobs/{digest}"))).bearer_auth(&bed.admin_token).body(body)
}

#[tokio::test]
async fn what_was_stored_is_fetched_also_by_agents_and_also_twice() {
    let bed = Bed::start().await;
    let bytes = vec![7; BLOB_BYTES_MAX as usize];
    for _ in 0..2 {
        assert_eq!(bed.store(&bytes).await.digest, Digest::of(&bytes));
    }
    let agent = bed.client("host-a", Role::Agent).await;
    assert_eq!(fetch(&agent, Digest::of(&bytes)).await.unwrap(), bytes);
    bed.store(b"").await;
    assert_eq!(fetch(&agent, Digest::of(b"")).await.unwrap(), b"");
}

#[tokio::test]
async fn what_does_not_have_its_digest_is_thrown_away() {
    let bed = Bed::start().await;
    let digest = Digest::of(b"whole");
    let answer = put(&bed, digest, "damaged").send().await.unwrap();
    assert_eq!(problem(answer).await, (422, "digest-mismatch".to_owned()));
    assert!(fetch(&bed.admin, digest).await.unwrap_err().is(Code::UnknownBlob));
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_and_without_a_length() {
    let bed = Bed::start().await;
    let bytes = vec![7; BLOB_BYTES_MAX as usize + 1];
    let digest = Digest::of(&bytes);
    let answer = put(&bed, digest, bytes.clone()).send().await.unwrap();
    assert_eq!(problem(answer).await, (413, "too-large".to_owned()));
    let pieces = stream::iter(bytes).chunks(100).map(Ok::<_, std::io::Error>);
    let answer = put(&bed, digest, reqwest::Body::wrap_stream(pieces)).send().await.unwrap();
    assert_eq!(problem(answer).await, (413, "too-large".to_owned()));
    assert!(fetch(&bed.admin, digest).await.unwrap_err().is(Code::UnknownBlob));
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let bed = Bed::start().await;
    let digest = Digest::of(b"one two");
    let pieces = [Ok("one "), Err(std::io::Error::other("gone"))];
    let broken = put(&bed, digest, reqwest::Body::wrap_stream(stream::iter(pieces))).send().await;
    assert!(broken.is_err());
    assert!(fetch(&bed.admin, digest).await.unwrap_err().is(Code::UnknownBlob));
}

#[tokio::test]
async fn only_stored_builds_are_registered_and_never_as_something_else() {
    let bed = Bed::start().await;
    let artifact = bed.store(b"web 1.0.0").await;
    let size = bed.size();
    let register = |artifact: Artifact| bed.admin.call::<RegisterArtifact>((), (), artifact);
    let refused = register(Artifact { digest: Digest::of(b"other"), ..artifact.clone() }).await.unwrap_err();
    assert!(refused.is(Code::UnknownBlob), "{refused}");
    let refused = register(Artifact { size_bytes: 1, ..artifact.clone() }).await.unwrap_err();
    assert!(refused.is(Code::SizeMismatch), "{refused}");
    assert_eq!(bed.size(), size);

    let registered = register(artifact.clone()).await.unwrap().value;
    assert_eq!((&registered.artifact, registered.storage), (&artifact, Storage::Stored));
    let size = bed.size();
    assert_eq!(register(artifact.clone()).await.unwrap().value, registered);
    let other = bed.store(b"web 1.0.0, but otherwise").await;
    let refused = register(other).await.unwrap_err();
    assert!(refused.is(Code::ArtifactDiffers), "{refused}");
    assert_eq!(bed.size(), size);
    let listed = bed.admin.call::<ListArtifacts>((), ArtifactQuery::default(), ()).await.unwrap().value;
    assert_eq!(listed.items, [registered]);
}
