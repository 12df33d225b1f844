//! Builds.

use shipway_api::operations::artifact::{ListArtifacts, RegisterArtifact};
use shipway_api::view::artifact::{ArtifactView, Storage};
use shipway_model::release::Artifact;

use crate::app::App;
use crate::router::Routes;

mod list;
mod register;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<RegisterArtifact, _, _>(register::handle).add::<ListArtifacts, _, _>(list::handle)
}

fn view(app: &App, artifact: &Artifact) -> ArtifactView {
    let storage = if app.blobs.size(&artifact.digest).is_some() { Storage::Stored } else { Storage::Missing };
    ArtifactView { artifact: artifact.clone(), storage }
}
