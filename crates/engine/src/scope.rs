//! Scopes of releases: what is meant to be in one, until when that may grow, who let something in late, and what moved on.
//!
//! A release without a scope is bound by none. One with a scope is sealed only with services that items of it change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::{Body, Event};
use shipway_model::release::{Bundle, Class};
use shipway_model::scope::{
    Destination, ITEMS_MAX, Item, LATE_APPROVALS_NEEDED, LATE_MAX, LateItem, Planned,
};
use shipway_model::{LateId, Name};

use crate::{Code, Context, Rejection, State};

#[derive(Debug, Clone, Default)]
pub struct Scopes {
    scopes: BTreeMap<Planned, Scope>,
    late: BTreeMap<LateId, Late>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// From then on nothing comes in but by exception.
    pub freeze: Option<Timestamp>,
    /// In the order of their names.
    pub items: BTreeMap<Name, Entry>,
}

/// An item and how it came in, and where it went if it did not stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub item: Item,
    pub by: String,
    pub at: Timestamp,
    pub origin: Origin,
    pub deferred: Option<Deferral>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Planned,
    /// After the freeze, by this exception.
    Late(LateId),
    /// From a release that it was meant to come with.
    Deferred(Planned),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferral {
    pub to: Destination,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

/// Something that is asked to be let in late, and the words that it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Late {
    pub id: LateId,
    pub late: LateItem,
    pub requested_by: String,
    pub requested: Timestamp,
    /// Who said yes, and when.
    pub approvals: Vec<(String, Timestamp)>,
}

impl Scope {
    pub fn is_frozen(&self, now: Timestamp) -> bool {
        self.freeze.is_some_and(|it| it <= now)
    }

    /// What comes with the release.
    pub fn staying(&self) -> impl Iterator<Item = &Entry> {
        self.items.values().filter(|it| it.deferred.is_none())
    }

    /// What came in after the freeze.
    pub fn late_items(&self) -> impl Iterator<Item = (LateId, &Name)> {
        self.items.iter().filter_map(|(name, entry)| match entry.origin {
            Origin::Late(id) => Some((id, name)),
            Origin::Planned | Origin::Deferred(_) => None,
        })
    }
}

impl Late {
    pub fn is_let_in(&self) -> bool {
        self.approvals.len() >= LATE_APPROVALS_NEEDED
    }

    /// When nobody needs to look at it any more.
    pub fn lapses(&self) -> Timestamp {
        let length = SignedDuration::from_millis(LATE_MAX.0.cast_signed());
        self.requested.checked_add(length).unwrap_or(Timestamp::MAX)
    }

    /// Where it stands, in one word.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match self.is_let_in() {
            true => "let in",
            false if now >= self.lapses() => "lapsed",
            false => "requested",
        }
    }
}

/// The release that a bundle is, or is going to be.
pub fn planned(bundle: &Bundle) -> Planned {
    Planned { name: bundle.name.clone(), version: bundle.version.clone() }
}

impl Scopes {
    pub fn of(&self, planned: &Planned) -> Option<&Scope> {
        self.scopes.get(planned)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Planned, &Scope)> {
        self.scopes.iter()
    }

    pub fn late(&self, id: LateId) -> Option<&Late> {
        self.late.get(&id)
    }

    pub fn all_late(&self) -> impl DoubleEndedIterator<Item = &Late> {
        self.late.values()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        let (by, at) = (event.actor.clone(), event.at);
        match &event.body {
            Body::ScopeFrozen { planned, at } => {
                self.scopes.entry(planned.clone()).or_default().freeze = Some(*at);
            }
            Body::ItemAdded { planned, item } => self.put(planned, item, by, at, Origin::Planned),
            Body::LateRequested { id, late } => {
                let late = Late {
                    id: *id,
                    late: late.clone(),
                    requested_by: by,
                    requested: at,
                    approvals: Vec::new(),
                };
                self.late.insert(*id, late);
            }
            Body::LateApproved { id } => {
                let Some(late) = self.late.get_mut(id) else { return };
                late.approvals.push((by, at));
                if late.is_let_in() {
                    let (asked, requested_by) = (late.late.clone(), late.requested_by.clone());
                    self.put(&asked.planned, &asked.item, requested_by, at, Origin::Late(*id));
                }
            }
            Body::ItemDeferred { planned, item, to, reason } => {
                let Some(entry) = self.scopes.get_mut(planned).and_then(|it| it.items.get_mut(item)) else {
                    return;
                };
                let moved = entry.item.clone();
                entry.deferred =
                    Some(Deferral { to: to.clone(), reason: reason.clone(), by: by.clone(), at });
                if let Destination::Release(next) = to {
                    self.put(next, &moved, by, at, Origin::Deferred(planned.clone()));
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, planned: &Planned, item: &Item, by: String, at: Timestamp, origin: Origin) {
        let entry = Entry { item: item.clone(), by, at, origin, deferred: None };
        self.scopes.entry(planned.clone()).or_default().items.insert(item.name.clone(), entry);
    }

    fn known(&self, planned: &Planned) -> Result<&Scope, Rejection> {
        self.of(planned).ok_or_else(|| {
            Rejection::new(Code::UnknownScope, format!("{planned} has no scope"))
                .hint(format!("`shipway release scope freeze {planned} --at INSTANT` gives it one"))
        })
    }
}

/// Sets or moves the freeze; once it has come it stays.
pub(crate) fn freeze(
    state: &State,
    planned: &Planned,
    at: Timestamp,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    check_open(state, planned)?;
    let known = state.scopes.of(planned);
    if known.is_some_and(|it| it.freeze == Some(at)) {
        return Ok(Vec::new());
    }
    if let Some(scope) = known.filter(|it| it.is_frozen(ctx.now)) {
        let since = scope.freeze.unwrap_or(ctx.now);
        return Err(frozen(planned, since)
            .hint("what has to come in all the same is asked for: `shipway release scope late`"));
    }
    Ok(vec![Body::ScopeFrozen { planned: planned.clone(), at }])
}

pub(crate) fn add(
    state: &State,
    planned: &Planned,
    item: &Item,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    check_item(state, planned, item)?;
    if let Some(scope) = state.scopes.of(planned) {
        if scope.items.get(&item.name).is_some_and(|it| it.item == *item && it.deferred.is_none()) {
            return Ok(Vec::new());
        }
        if scope.is_frozen(ctx.now) {
            return Err(frozen(planned, scope.freeze.unwrap_or(ctx.now)).hint(format!(
                "`shipway release scope late {planned} {}` asks two others to let it in",
                item.name
            )));
        }
        if scope.items.len() >= ITEMS_MAX {
            return Err(invalid(format!("the scope of {planned} has {ITEMS_MAX} items, which is the most")));
        }
    }
    Ok(vec![Body::ItemAdded { planned: planned.clone(), item: item.clone() }])
}

pub(crate) fn request_late(
    state: &State,
    id: LateId,
    late: &LateItem,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    if state.scopes.late.contains_key(&id) {
        return Ok(Vec::new());
    }
    check_item(state, &late.planned, &late.item)?;
    if crate::decide::text(&late.reason)?.trim().is_empty() {
        return Err(invalid("what comes late needs a reason".to_owned()));
    }
    if !state.scopes.known(&late.planned)?.is_frozen(ctx.now) {
        return Err(invalid(format!("the scope of {} is not frozen", late.planned))
            .hint(format!("`shipway release scope add {} {}` adds it", late.planned, late.item.name)));
    }
    Ok(vec![Body::LateRequested { id, late: late.clone() }])
}

pub(crate) fn approve_late(state: &State, id: LateId, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
    let Some(late) = state.scopes.late(id) else {
        return Err(Rejection::new(Code::UnknownLateItem, format!("nothing was asked for as {id}"))
            .hint("`shipway exceptions --kind late-item` lists what was asked for"));
    };
    let access = &state.access;
    if access.is_same_person(&late.requested_by, ctx.actor) {
        let message = format!("{} asked for {id}, so {} cannot let it in", late.requested_by, ctx.actor);
        return Err(Rejection::new(Code::SelfApproval, message)
            .hint(format!("{LATE_APPROVALS_NEEDED} others can: `shipway release scope approve {id}`")));
    }
    if late.approvals.iter().any(|it| access.is_same_person(&it.0, ctx.actor)) {
        return Ok(Vec::new());
    }
    match late.standing(ctx.now) {
        "requested" => {
            check_open(state, &late.late.planned)?;
            Ok(vec![Body::LateApproved { id }])
        }
        "let in" => Ok(Vec::new()),
        standing => Err(Rejection::new(Code::WrongPhase, format!("{id} has {standing}"))
            .hint("ask for it again: `shipway release scope late`")),
    }
}

pub(crate) fn defer(
    state: &State,
    planned: &Planned,
    item: &Name,
    to: &Destination,
    reason: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    check_open(state, planned)?;
    if crate::decide::text(reason)?.trim().is_empty() {
        return Err(invalid("a deferral needs a reason".to_owned()));
    }
    let scope = state.scopes.known(planned)?;
    match scope.items.get(item) {
        None => return Err(invalid(format!("the scope of {planned} has no item {item}"))),
        Some(entry) => match &entry.deferred {
            Some(deferral) if deferral.to == *to => return Ok(Vec::new()),
            Some(deferral) => {
                return Err(invalid(format!("{item} was deferred to {} already", deferral.to)));
            }
            None => {}
        },
    }
    if let Destination::Release(next) = to {
        if next == planned {
            return Err(invalid(format!("{item} is in {planned} already")));
        }
        check_open(state, next)?;
        if let Some(scope) = state.scopes.of(next).filter(|it| it.is_frozen(ctx.now)) {
            return Err(
                frozen(next, scope.freeze.unwrap_or(ctx.now)).hint("name a later release, or a cycle")
            );
        }
    }
    let (planned, item, to) = (planned.clone(), item.clone(), to.clone());
    Ok(vec![Body::ItemDeferred { planned, item, to, reason: reason.to_owned() }])
}

/// Whether what is sealed is what was meant to come. An emergency goes beside every scope.
pub(crate) fn check_seal(state: &State, bundle: &Bundle) -> Result<(), Rejection> {
    let planned = planned(bundle);
    let Some(scope) = state.scopes.of(&planned).filter(|_| bundle.class != Class::Emergency) else {
        return Ok(());
    };
    let meant: BTreeSet<&Name> = scope.staying().flat_map(|it| &it.item.services).collect();
    let strangers = bundle.parts.keys().filter(|it| !meant.contains(it));
    let faults: Vec<String> =
        strangers.map(|it| format!("no item in the scope of {planned} changes {it}")).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Rejection::new(Code::OutOfScope, format!("{planned} brings what is not in its scope"))
        .faults(faults)
        .hint(format!("`shipway release scope show {planned}` lists what is meant to come")))
}

/// A sealed release has what it has.
fn check_open(state: &State, planned: &Planned) -> Result<(), Rejection> {
    let sealed = state.releases.find(&planned.name, &planned.version).filter(|it| it.sealed.is_some());
    match sealed {
        Some(_) => Err(Rejection::new(Code::ReleaseSealed, format!("{planned} is sealed"))
            .hint("what is still to come belongs to a later release")),
        None => Ok(()),
    }
}

fn check_item(state: &State, planned: &Planned, item: &Item) -> Result<(), Rejection> {
    check_open(state, planned)?;
    crate::decide::text(&item.title)?;
    if item.services.is_empty() {
        return Err(invalid(format!("{} changes no service", item.name)));
    }
    match item.services.iter().find(|it| state.catalogue.service(it).is_none()) {
        Some(unknown) => {
            Err(Rejection::new(Code::UnknownService, format!("no Service {unknown} is declared"))
                .hint("`shipway get services` shows those there are"))
        }
        None => Ok(()),
    }
}

fn frozen(planned: &Planned, since: Timestamp) -> Rejection {
    Rejection::new(Code::ScopeFrozen, format!("the scope of {planned} has been frozen since {since}"))
}

fn invalid(message: String) -> Rejection {
    Rejection::new(Code::InvalidScope, message)
}
