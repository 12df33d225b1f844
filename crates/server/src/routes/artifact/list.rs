//! Listing registered builds.

use shipway_api::operations::artifact::ListArtifacts;
use shipway_model::Name;
use shipway_model::release::Artifact;

use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListArtifacts>) -> Outcome<ListArtifacts> {
    let state = it.state();
    let sight = it.sight(&state);
    let all = state.artifacts.iter().map(|it| &it.artifact);
    let is_wanted = |service: &Name| it.query.service.as_ref().is_none_or(|name| service == name);
    let wanted = all.filter(|it| is_wanted(&it.service) && sight.service(&it.service));
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    let key = |artifact: &&Artifact| format!("{}@{}", artifact.service, artifact.version);
    cut.page(wanted, key, |artifact| super::view(&it.app, artifact))
}
