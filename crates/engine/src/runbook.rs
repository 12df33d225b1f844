//! Runbooks: which revision a peer has read, which one a release binds, what makes one out of date, and fallbacks.
//!
//! A fallback needs no new word because it has one: the release that stands binds the revision of the runbook, the digest of
//! the release covers it, and that is what approvals sign.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::{Body, Event};
use shipway_model::plan::FallbackRef;
use shipway_model::release::{Bundle, Class};
use shipway_model::resource::runbook::Fallback;
use shipway_model::resource::{Kind, Runbook, Spec};
use shipway_model::{Digest, Name, RolloutId};

use crate::change::{Case, key, path, services};
use crate::{Code, Context, Rejection, Release, State, plan};

mod fall_back;

pub(crate) use fall_back::fall_back;
pub use fall_back::{Agreed, agreed};

#[derive(Debug, Clone, Default)]
pub struct Runbooks {
    books: BTreeMap<Name, Book>,
}

/// What was said of one Runbook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Book {
    /// By revision.
    pub read: BTreeMap<Digest, Read>,
    /// The revision that was read last.
    pub newest: Option<Digest>,
    /// Why another revision is owed.
    pub outdated: Option<Outdated>,
}

/// Somebody's word that a revision is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub by: String,
    pub at: Timestamp,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    pub revision: Digest,
    pub since: Timestamp,
    pub due: Timestamp,
    /// In the order in which they were recorded.
    pub reasons: Vec<String>,
}

impl Runbooks {
    pub fn get(&self, name: &Name) -> Option<&Book> {
        self.books.get(name)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::RunbookReviewed { runbook, revision, note } => {
                let book = self.books.entry(runbook.clone()).or_default();
                let read = Read { by: event.actor.clone(), at: event.at, note: note.clone() };
                book.read.entry(*revision).or_insert(read);
                book.newest = Some(*revision);
                book.outdated.take_if(|it| it.revision != *revision);
            }
            Body::RunbookOutdated { runbook, revision, reason, due } => {
                let book = self.books.entry(runbook.clone()).or_default();
                let (revision, since) = (*revision, event.at);
                let outdated = book.outdated.get_or_insert_with(|| Outdated {
                    revision,
                    since,
                    due: *due,
                    reasons: Vec::new(),
                });
                outdated.due = outdated.due.min(*due);
                outdated.reasons.push(reason.clone());
            }
            _ => {}
        }
    }
}

/// The declared runbook as it stands now, and its revision.
///
/// # Errors
/// When there is none of that name.
pub fn known<'s>(state: &'s State, name: &Name) -> Result<(&'s Runbook, Digest), Rejection> {
    let key = key(Kind::Runbook, name);
    match (state.catalogue.get(&key).map(|it| &it.spec), state.catalogue.digest(&key)) {
        (Some(Spec::Runbook(runbook)), Some(digest)) => Ok((runbook, digest)),
        _ => Err(Rejection::new(Code::UnknownRunbook, format!("there is no Runbook {name}"))
            .hint("`shipway runbook list` shows those there are")),
    }
}

/// One that was declared once, in any revision of it.
pub fn revision<'s>(state: &'s State, digest: &Digest) -> Option<&'s Runbook> {
    match &state.catalogue.revision(digest)?.spec {
        Spec::Runbook(runbook) => Some(runbook),
        _ => None,
    }
}

/// All that are declared, each with its name, in the order of their names.
pub fn all(state: &State) -> impl Iterator<Item = (&Name, &Runbook)> {
    state.catalogue.of_kind(Kind::Runbook).filter_map(|(key, resource)| match &resource.spec {
        Spec::Runbook(runbook) => Some((&key.name, runbook)),
        _ => None,
    })
}

/// The actor has read this very revision.
pub(crate) fn review(
    state: &State,
    name: &Name,
    revision: Digest,
    note: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let (_, current) = known(state, name)?;
    if revision != current {
        let message = format!("{} of Runbook {name} is not what stands now", revision.short());
        return Err(Rejection::new(Code::WordVoid, message)
            .hint(format!("read it as it is: `shipway runbook show {name}`")));
    }
    let editor = state.catalogue.editor(&key(Kind::Runbook, name)).unwrap_or_default();
    if state.access.is_same_person(editor, ctx.actor) {
        let message = format!("this revision of Runbook {name} was written by {editor}");
        return Err(Rejection::new(Code::SelfApproval, message)
            .hint("somebody else reads it: `shipway runbook review`"));
    }
    if state.runbooks.get(name).is_some_and(|it| it.read.contains_key(&revision)) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::RunbookReviewed { runbook: name.clone(), revision, note: note.to_owned() }])
}

/// Somebody has found it to be wrong.
pub(crate) fn outdate(
    state: &State,
    name: &Name,
    reason: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let (runbook, revision) = known(state, name)?;
    if reason.trim().is_empty() {
        return Err(Rejection::new(Code::InvalidReason, "say what in it is no longer so"));
    }
    Ok(vec![outdated(name, runbook, revision, reason.to_owned(), ctx.now)])
}

fn outdated(name: &Name, runbook: &Runbook, revision: Digest, reason: String, now: Timestamp) -> Body {
    let within = SignedDuration::from_millis(runbook.revise_within.0.cast_signed());
    let due = now.checked_add(within).unwrap_or(Timestamp::MAX);
    Body::RunbookOutdated { runbook: name.clone(), revision, reason, due }
}

/// The runbooks that a release of these services binds: of each the revision that was read last.
///
/// # Errors
/// When one was changed and nobody else has read it since; an emergency takes the revision before.
pub(crate) fn bind(state: &State, bundle: &Bundle) -> Result<BTreeMap<Name, Digest>, Rejection> {
    let (mut bound, mut unread) = (BTreeMap::new(), Vec::new());
    let of_it =
        all(state).filter(|(_, runbook)| runbook.services.iter().any(|it| bundle.parts.contains_key(it)));
    for (name, _) in of_it {
        let current = state.catalogue.digest(&key(Kind::Runbook, name));
        let newest = state.runbooks.get(name).and_then(|it| it.newest);
        match newest {
            Some(newest) if bundle.class == Class::Emergency || Some(newest) == current => {
                bound.insert(name.clone(), newest);
            }
            // Nobody has ever read it, and an emergency does not wait for that.
            None if bundle.class == Class::Emergency => {}
            _ => unread.push(format!("Runbook {name} as it stands was read by nobody but who wrote it")),
        }
    }
    if unread.is_empty() {
        return Ok(bound);
    }
    Err(Rejection::new(Code::RunbookUnread, "runbooks of the release have not been read by a peer")
        .faults(unread)
        .hint("somebody who did not write it reads it: `shipway runbook review NAME`"))
}

/// The runbooks that a release makes out of date: those that describe what it changes, in the revision that the release
/// before bound too.
pub(crate) fn outdated_by(state: &State, release: &Release, bundle: &Bundle, ctx: &Context<'_>) -> Vec<Body> {
    let title = format!("{}@{}", bundle.name, bundle.version);
    let mut found = Vec::new();
    for (name, revision) in &bundle.runbooks {
        let Some(runbook) = self::revision(state, revision) else { continue };
        let before = state.releases.iter().rev().find(|it| {
            it.id != release.id && it.sealed.is_some() && it.bundle.runbooks.get(name) == Some(revision)
        });
        let Some(before) = before else { continue };
        let why = touched(runbook, bundle).or_else(|| restarted(state, runbook, bundle, &before.bundle));
        if let Some(why) = why {
            found.push(outdated(name, runbook, *revision, format!("release {title} {why}"), ctx.now));
        }
    }
    found
}

/// A file that the release touches and the runbook describes.
fn touched(runbook: &Runbook, bundle: &Bundle) -> Option<String> {
    let files = bundle.touches.iter().flat_map(|it| it.files.keys());
    let described = |file: &&String| runbook.describes.paths.iter().any(|it| path::matches(it, file));
    files.into_iter().find(described).map(|file| format!("changes {file}"))
}

/// A service that is started, checked or stopped in another way than in the release before.
fn restarted(state: &State, runbook: &Runbook, bundle: &Bundle, before: &Bundle) -> Option<String> {
    if !runbook.describes.deployment {
        return None;
    }
    let contract = |bundle: &Bundle, name: &Name| {
        let revision = bundle.parts.get(name)?.configuration?;
        match &state.catalogue.revision(&revision)?.spec {
            Spec::Service(service) => Some(service.deployment.clone()),
            _ => None,
        }
    };
    let differs = |name: &&Name| match (contract(bundle, name), contract(before, name)) {
        (Some(now), Some(then)) => now != then,
        _ => false,
    };
    runbook.services.iter().find(differs).map(|it| format!("changes how {it} is deployed"))
}

/// What a review says about runbooks.
pub(crate) fn outdated_by_review(
    state: &State,
    names: &std::collections::BTreeSet<Name>,
    case: &Case,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let of_one = |name: &Name| {
        let (runbook, revision) = known(state, name)?;
        let reason = format!("the review of {} has shown it", case.id);
        Ok(outdated(name, runbook, revision, reason, ctx.now))
    };
    names.iter().map(of_one).collect()
}

/// Runbooks of the change's services of which a revision is overdue, in sentences.
pub(crate) fn against(state: &State, case: &Case, now: Timestamp) -> Vec<String> {
    let own = services(state, case);
    let overdue = all(state).filter_map(|(name, runbook)| {
        let outdated = state.runbooks.get(name)?.outdated.as_ref().filter(|it| it.due <= now)?;
        let is_own = runbook.services.iter().any(|it| own.contains(it));
        is_own.then(|| format!("Runbook {name} is out of date, and a revision was due {}", outdated.due))
    });
    overdue.collect()
}
