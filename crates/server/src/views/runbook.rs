//! Runbooks.

use std::collections::BTreeSet;

use shipway_api::view::runbook::{FallbackView, OutdatedView, ReadView, RunbookView};
use shipway_engine::{Rejection, State, runbook};
use shipway_model::Name;
use shipway_model::resource::runbook::Fallback;
use shipway_model::resource::{Key, Kind};

/// # Errors
/// When there is none of that name.
pub(crate) fn view(state: &State, name: &Name) -> Result<RunbookView, Rejection> {
    let (declared, revision) = runbook::known(state, name)?;
    let key = Key { kind: Kind::Runbook, name: name.clone() };
    let book = state.runbooks.get(name);
    let read = book.and_then(|it| it.read.get(&revision));
    let outdated = book.and_then(|it| it.outdated.as_ref());
    Ok(RunbookView {
        name: name.clone(),
        purpose: declared.purpose,
        services: declared.services.clone(),
        revision,
        number: state.catalogue.revision_count(&key),
        written_by: state.catalogue.editor(&key).unwrap_or_default().to_owned(),
        read: read.map(|it| ReadView { by: it.by.clone(), at: it.at, note: it.note.clone() }),
        outdated: outdated.map(|it| OutdatedView {
            since: it.since,
            due: it.due,
            reasons: it.reasons.clone(),
        }),
        fallbacks: declared.fallbacks.iter().map(|it| fallback(state, name, it)).collect(),
        text: declared.text.clone(),
    })
}

fn fallback(state: &State, runbook: &Name, it: &Fallback) -> FallbackView {
    let all = state.environments.iter().map(|(name, _)| name);
    let agreed_in: BTreeSet<Name> =
        all.filter(|at| runbook::agreed(state, runbook, &it.name, at).is_ok()).cloned().collect();
    FallbackView { name: it.name.clone(), when: it.when.clone(), agreed_in }
}
