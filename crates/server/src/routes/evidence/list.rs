//! Listing evidence.

use std::collections::BTreeSet;

use shipway_api::operations::evidence::ListEvidence;
use shipway_engine::{Attached, Release};
use shipway_model::Digest;

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListEvidence>) -> Outcome<ListEvidence> {
    let state = it.state();
    let of_release = match &it.query.release {
        Some(selector) => Some(digests(release::find(&state, selector)?)),
        None => None,
    };
    let is_wanted = |found: &&Attached| {
        let subject = &found.evidence.subject;
        it.query.subject.as_ref().is_none_or(|digest| subject.contains(digest))
            && of_release.as_ref().is_none_or(|digests| !subject.is_disjoint(digests))
            && it.query.kind.as_ref().is_none_or(|kind| found.evidence.kinds.contains(kind))
    };
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    // Ids grow with time.
    cut.page(state.evidence.iter().filter(is_wanted), |it| it.id.to_string(), super::view)
}

/// The release's own digest, once it is sealed, and those of everything in it.
fn digests(release: &Release) -> BTreeSet<Digest> {
    let parts = release.bundle.parts.values();
    let artifacts =
        parts.flat_map(|part| std::iter::once(part.artifact).chain(part.variants.values().copied()));
    artifacts.chain(release.sealed.as_ref().map(|it| it.digest)).collect()
}
