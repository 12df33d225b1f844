//! What a service expects of another: more of it breaks nobody, but has to be verified anew.

use std::collections::BTreeSet;

use shipway_model::contract::Pact;

use super::Changes;

pub(super) fn diff(old: &Pact, new: &Pact, changes: &mut Changes) {
    let place = format!("{} → {}", new.consumer, new.provider);
    let before: BTreeSet<_> = old.interactions.iter().collect();
    let after: BTreeSet<_> = new.interactions.iter().collect();
    for it in after.difference(&before) {
        changes.info("interaction-added", &place, format!("`{it}` is expected now"));
    }
    for it in before.difference(&after) {
        changes.info("interaction-removed", &place, format!("`{it}` is no longer expected"));
    }
    if before == after && old.content != new.content {
        changes.info("interaction-changed", &place, "an interaction of the same description changed");
    }
}
