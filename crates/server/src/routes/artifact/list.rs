//! Listing registered builds.

use shipway_api::operations::artifact::ListArtifacts;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListArtifacts>) -> Outcome<ListArtifacts> {
    let state = it.app.runtime.state();
    let all = state.artifacts.iter().map(|it| &it.artifact);
    let wanted =
        all.filter(|artifact| it.query.service.as_ref().is_none_or(|name| artifact.service == *name));
    let items = wanted.map(|artifact| {
        (format!("{}@{}", artifact.service, artifact.version), super::view(&it.app, artifact))
    });
    Ok(views::page::page(items, it.query.cursor.as_deref(), it.query.limit))
}
