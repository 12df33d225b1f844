//! Listing registered builds.

use shipway_api::operations::artifact::ListArtifacts;
use shipway_model::release::Artifact;

use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListArtifacts>) -> Outcome<ListArtifacts> {
    let state = it.state();
    let all = state.artifacts.iter().map(|it| &it.artifact);
    let wanted =
        all.filter(|artifact| it.query.service.as_ref().is_none_or(|name| artifact.service == *name));
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    let key = |artifact: &&Artifact| format!("{}@{}", artifact.service, artifact.version);
    cut.page(wanted, key, |artifact| super::view(&it.app, artifact))
}
