//! Releases, the newest first.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_engine::{Release, State};
use shipway_model::{Name, ReleaseId};

use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::visit::{Asked, Shown, Visit};
use super::words::{Badge, Hash, Tone};
use crate::access::sight::Sight;

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "releases.html")]
struct Releases {
    rows: Vec<Row>,
    q: String,
    next: Option<ReleaseId>,
    is_first: bool,
}

struct Row {
    path: String,
    title: String,
    badge: Badge,
    digest: Option<Hash>,
    parts: String,
    more: usize,
    created: Moment,
    by: String,
    /// Environments in which it runs.
    runs: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    before: Option<ReleaseId>,
}

/// Parts named in a row.
const PARTS_MAX: usize = 4;

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), asked, &visit.clock);
        Shown { title: "Releases".into(), area: Area::Releases, motion: Motion::Live, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: Filter, clock: &Clock) -> Releases {
    let q = asked.q.to_lowercase();
    let wanted = |it: &&Release| {
        asked.before.is_none_or(|before| it.id < before)
            && (q.is_empty() || title(it).to_lowercase().contains(&q))
            && sight.release(it.id)
    };
    // No further than the page reaches, and one more to know whether another follows.
    let mut found: Vec<&Release> = state.releases.iter().rev().filter(wanted).take(PAGE + 1).collect();
    let next = found.get(PAGE).and_then(|_| found.get(PAGE - 1)).map(|it| it.id);
    found.truncate(PAGE);
    Releases {
        rows: found.into_iter().map(|it| row(state, sight, it, clock)).collect(),
        q: asked.q,
        next,
        is_first: asked.before.is_none(),
    }
}

pub(super) fn title(release: &Release) -> String {
    format!("{} {}", release.bundle.name, release.bundle.version)
}

pub(super) fn path(release: &Release) -> String {
    format!("/releases/{}@{}", release.bundle.name, release.bundle.version)
}

pub(super) fn badge(release: &Release) -> Badge {
    if release.sealed.is_some() { Tone::Good.badge("sealed") } else { Tone::Idle.badge("draft") }
}

/// The environments in which some of it runs, as it was sealed.
pub(super) fn runs<'s>(state: &'s State, release: &'s Release) -> impl Iterator<Item = &'s Name> {
    let sealed = release.sealed.as_ref().map(|it| it.digest);
    let here = state
        .environments
        .iter()
        .filter(move |(_, it)| it.services.values().any(|shipped| Some(shipped.release.digest) == sealed));
    here.map(|(name, _)| name)
}

fn row(state: &State, sight: &Sight<'_>, release: &Release, clock: &Clock) -> Row {
    let parts: Vec<String> = release
        .bundle
        .parts
        .iter()
        .take(PARTS_MAX)
        .map(|(name, it)| format!("{name} {}", it.version))
        .collect();
    Row {
        path: path(release),
        title: title(release),
        badge: badge(release),
        digest: release.sealed.as_ref().map(|it| Hash(it.digest)),
        parts: parts.join(" · "),
        more: release.bundle.parts.len().saturating_sub(PARTS_MAX),
        created: clock.moment(release.created),
        by: release.created_by.clone(),
        runs: runs(state, release).filter(|it| sight.environment(it)).map(ToString::to_string).collect(),
    }
}
