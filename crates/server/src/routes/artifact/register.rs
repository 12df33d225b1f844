//! Registering a build.

use shipway_api::Code;
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_engine::Command;
use shipway_model::Digest;
use shipway_model::release::Artifact;

use crate::app::App;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<RegisterArtifact>) -> Outcome<RegisterArtifact> {
    let artifact = it.body.clone();
    check_stored(&it.app, &artifact)?;
    it.submit(Command::RegisterArtifact { artifact: artifact.clone() }).await?;
    Ok(super::view(&it.app, &artifact))
}

/// What is registered must be here, as large as it is said to be.
fn check_stored(app: &App, artifact: &Artifact) -> Result<(), Failure> {
    let stored = |digest: &Digest| {
        app.blobs.size(digest).ok_or_else(|| {
            Failure::new(Code::UnknownBlob, format!("no bytes are stored under {digest}"))
                .hint("upload them with PUT /api/v1/blobs/{digest} first")
        })
    };
    let size = stored(&artifact.digest)?;
    artifact.provenance.as_ref().map(stored).transpose()?;
    if size == artifact.size_bytes {
        return Ok(());
    }
    let detail = format!("{} has {size} bytes, not {}", artifact.digest, artifact.size_bytes);
    Err(Failure::new(Code::SizeMismatch, detail))
}
