//! Scopes of releases.

use jiff::Timestamp;
use shipway_api::view::scope::{ItemView, LateView, ScopeView};
use shipway_engine::State;
use shipway_engine::scope::{Entry, Late, Origin};
use shipway_model::scope::Planned;

/// None where the release has no scope.
pub(crate) fn view(state: &State, planned: &Planned, now: Timestamp) -> Option<ScopeView> {
    let scope = state.scopes.of(planned)?;
    let late = state.scopes.all_late().filter(|it| it.late.planned == *planned);
    Some(ScopeView {
        planned: planned.clone(),
        freeze: scope.freeze,
        frozen: scope.is_frozen(now),
        items: scope.items.values().map(item).collect(),
        late: late.map(|it| self::late(it, now)).collect(),
    })
}

fn item(it: &Entry) -> ItemView {
    let (late, deferred_from) = match &it.origin {
        Origin::Planned => (None, None),
        Origin::Late(id) => (Some(*id), None),
        Origin::Deferred(planned) => (None, Some(planned.clone())),
    };
    ItemView {
        item: it.item.clone(),
        by: it.by.clone(),
        at: it.at,
        late,
        deferred_from,
        deferred_to: it.deferred.as_ref().map(|it| it.to.clone()),
        reason: it.deferred.as_ref().map(|it| it.reason.clone()).unwrap_or_default(),
    }
}

fn late(it: &Late, now: Timestamp) -> LateView {
    LateView {
        id: it.id,
        late: it.late.clone(),
        standing: it.standing(now).to_owned(),
        requested_by: it.requested_by.clone(),
        requested: it.requested,
        approved_by: it.approvals.iter().map(|it| it.0.clone()).collect(),
    }
}
