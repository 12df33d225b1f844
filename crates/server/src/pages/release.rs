//! One release: what is in it, how it differs from what runs, what stands before it, and what speaks for it. Here it is
//! sealed.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use shipway_api::operations::release::SealRelease;
use shipway_api::{Code, Operation, ReleaseSelector};
use shipway_engine::{Attached, Command, Release, State};
use shipway_model::release;
use shipway_model::{Digest, Name};
use tokio::io::AsyncReadExt;

use self::history::Entry;
use self::outlook::Outlook;
use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::now::places;
use super::releases::{badge, path, runs, title};
use super::rollouts::{self, Row};
use super::visit::{self, Asked, Shown, Visit};
use super::words::{self, Badge, Hash};
use crate::access::authorise::allow_command;
use crate::consumers;
use crate::problem::{self, Failure};
use crate::routes::release::find;

mod history;
mod outlook;

/// Environments that it is compared with.
const PLACES_MAX: usize = 8;
const ROLLOUTS_MAX: usize = 10;
/// A document is shown as far as that; the whole is fetched by its digest.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

#[derive(Template)]
#[template(path = "release.html")]
struct Shape {
    title: String,
    selector: String,
    badge: Badge,
    class: &'static str,
    digest: Option<Hash>,
    created: Moment,
    created_by: String,
    sealed: Option<(Moment, String)>,
    parts: Vec<Part>,
    places: Vec<String>,
    /// The first of them where it does not run yet; empty when it runs in all.
    next: String,
    more_places: usize,
    documents: Vec<Document>,
    outlook: Option<Outlook>,
    history: Vec<Entry>,
    evidence: Vec<Evidence>,
    rollouts: Vec<Row>,
    runs: Vec<String>,
    /// The release before it, of the same name.
    before: Option<(String, String)>,
    may_seal: bool,
    csrf: String,
    key: String,
}

struct Part {
    service: String,
    version: String,
    digest: Hash,
    configuration: Option<Hash>,
    commit: String,
    builder: String,
    size: String,
    /// How it differs from what runs, by environment.
    cells: Vec<Cell>,
}

struct Document {
    name: String,
    digest: Digest,
    /// None where it is no text, or too long for a page.
    text: Option<String>,
}

/// What shipping it would change in one environment.
struct Cell {
    class: &'static str,
    text: String,
}

struct Evidence {
    kinds: String,
    format: String,
    file: String,
    about: String,
    at: Moment,
    by: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    /// For which it is looked at closely.
    environment: String,
}

pub(super) async fn page(visit: Visit, Path(text): Path<String>, Asked(about): Asked<About>) -> Response {
    visit::answer(&visit, shown(&visit, &text, &about).await)
}

async fn shown(visit: &Visit, text: &str, about: &About) -> Result<Response, Failure> {
    let mut content = draw(visit, &visit.state(), text)?;
    if content.sealed.is_some() {
        let places: Vec<Name> = content.places.iter().filter_map(|it| it.parse().ok()).collect();
        content.outlook = outlook::of(visit, text, &places, &about.environment).await;
    }
    for document in &mut content.documents {
        document.text = read(visit, &document.digest).await;
    }
    Ok({
        let title = content.title.clone();
        visit.show(&Shown {
            title: title.as_str().into(),
            area: Area::Releases,
            motion: Motion::Live,
            content,
        })
    })
}

/// A document as text.
async fn read(visit: &Visit, digest: &Digest) -> Option<String> {
    visit.app.blobs.size(digest).filter(|it| *it <= TEXT_BYTES_MAX)?;
    let (mut file, _) = visit.app.blobs.get(digest).await.ok()??;
    let mut text = String::new();
    file.read_to_string(&mut text).await.ok()?;
    Some(text)
}

/// The release that an address names.
pub(super) fn named<'a>(state: &'a State, text: &str) -> Result<&'a Release, Failure> {
    let selector: ReleaseSelector = text.parse().map_err(|_| {
        Failure::new(Code::UnknownRelease, format!("`{}` names no release", problem::shown(text)))
            .hint("the list of releases shows those there are")
    })?;
    find(state, &selector)
}

fn draw(visit: &Visit, state: &State, text: &str) -> Result<Shape, Failure> {
    let (release, clock) = (named(state, text)?, &visit.clock);
    let mut places = places(state);
    let more_places = places.len().saturating_sub(PLACES_MAX);
    places.truncate(PLACES_MAX);
    let bundle = &release.bundle;
    let mut evidence: Vec<&Attached> = subjects(release).flat_map(|it| state.evidence.about(it)).collect();
    evidence.sort_by_key(|it| std::cmp::Reverse(it.id));
    evidence.dedup_by_key(|it| it.id);
    let of_it = state.rollouts.summaries.values().rev().filter(|it| it.release.id == release.id);
    let runs: Vec<String> = runs(state, release).map(ToString::to_string).collect();
    let places_told: Vec<String> = places.iter().map(ToString::to_string).collect();
    let older = state.releases.iter().filter(|it| it.bundle.name == bundle.name && it.id < release.id);
    Ok(Shape {
        title: title(release),
        selector: format!("{}@{}", bundle.name, bundle.version),
        badge: badge(release),
        class: bundle.class.as_str(),
        digest: release.sealed.as_ref().map(|it| Hash(it.digest)),
        created: clock.moment(release.created),
        created_by: release.created_by.clone(),
        sealed: release.sealed.as_ref().map(|it| (clock.moment(it.at), it.by.clone())),
        parts: bundle.parts.iter().map(|(name, it)| part(state, name, it, &places)).collect(),
        next: places_told.iter().find(|it| !runs.contains(it)).cloned().unwrap_or_default(),
        places: places_told,
        more_places,
        documents: bundle.documents.iter().map(|(it, digest)| document(*it, *digest)).collect(),
        outlook: None,
        history: history::of(state, release, &evidence, clock),
        evidence: evidence.into_iter().map(|it| told(release, it, clock)).collect(),
        rollouts: of_it.take(ROLLOUTS_MAX).map(|it| rollouts::row(state, it, clock)).collect(),
        runs,
        before: older.max_by_key(|it| it.id).map(|it| (path(it), title(it))),
        may_seal: visit.is_now()
            && release.sealed.is_none()
            && SealRelease::PERMISSION.allows(visit.caller.role),
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    })
}

/// The release's own digest, once it is sealed, and those of everything in it.
fn subjects(release: &Release) -> impl Iterator<Item = &Digest> {
    let parts = release.bundle.parts.values();
    let artifacts = parts.flat_map(|it| std::iter::once(&it.artifact).chain(it.variants.values()));
    artifacts.chain(release.sealed.as_ref().map(|it| &it.digest))
}

fn document(kind: release::Document, digest: Digest) -> Document {
    let name = match kind {
        release::Document::Runbook => "Runbook",
        release::Document::Notes => "Notes",
        release::Document::RollbackPackage => "Rollback package",
        release::Document::Migrations => "Migrations",
        release::Document::Flags => "Flags",
    };
    Document { name: name.to_owned(), digest, text: None }
}

fn part(state: &State, name: &Name, part: &shipway_model::release::Part, places: &[&Name]) -> Part {
    let registered = state.artifacts.get(name, &part.version).map(|it| &it.artifact);
    Part {
        service: name.to_string(),
        version: part.version.to_string(),
        digest: Hash(part.artifact),
        configuration: part.configuration.map(Hash),
        commit: registered.map(|it| it.commit.chars().take(12).collect()).unwrap_or_default(),
        builder: registered.map(|it| it.builder.clone()).unwrap_or_default(),
        size: registered.map(|it| words::bytes(it.size_bytes)).unwrap_or_default(),
        cells: places.iter().map(|place| cell(state, name, part, place)).collect(),
    }
}

fn cell(state: &State, name: &Name, part: &shipway_model::release::Part, place: &Name) -> Cell {
    let shipped = state.environments.get(place).and_then(|it| it.services.get(name));
    match shipped.map(|it| &it.deployed) {
        None => Cell { class: "new", text: "new".to_owned() },
        Some(it) if it.artifact == part.artifact => Cell { class: "same", text: "✓ runs".to_owned() },
        Some(it) if it.version == part.version => {
            Cell { class: "changed", text: format!("{} with other bytes", it.version) }
        }
        Some(it) => Cell { class: "changed", text: format!("{} → {}", it.version, part.version) },
    }
}

fn told(release: &Release, attached: &Attached, clock: &Clock) -> Evidence {
    let it = &attached.evidence;
    let about = release.bundle.parts.iter().filter(|(_, part)| it.subject.contains(&part.artifact));
    let mut about: Vec<&str> = about.map(|(name, _)| name.as_str()).collect();
    if release.sealed.as_ref().is_some_and(|sealed| it.subject.contains(&sealed.digest)) {
        about.insert(0, "the release");
    }
    Evidence {
        kinds: super::evidence::says(attached),
        format: it.format.clone(),
        file: it.file_name.clone().unwrap_or_default(),
        about: about.join(", "),
        at: clock.moment(attached.at),
        by: attached.by.clone(),
    }
}

/// Seals it, and shows it again.
pub(super) async fn seal(Path(text): Path<String>, sent: Sent) -> Response {
    visit::answer(&sent.visit, sealed(&text, &sent).await)
}

async fn sealed(text: &str, sent: &Sent) -> Result<Response, Failure> {
    let (id, path) = {
        let state = sent.visit.state();
        let release = named(&state, text)?;
        (release.id, path(release))
    };
    let command = Command::SealRelease { id };
    allow_command(&sent.visit.app, &sent.visit.caller, &command).await?;
    consumers::note(&sent.visit.app, id).await?;
    submit(sent, command).await?;
    Ok(see(&path))
}
