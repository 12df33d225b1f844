//! Releases: drafts, and sealed bundles that never change again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::access::Commit;
use shipway_model::event::{Body, Event};
use shipway_model::release::{Artifact, Bundle, Part, ReleaseRef};
use shipway_model::resource::{Key, Kind};
use shipway_model::source::Source;
use shipway_model::{Digest, Name, ReleaseId, Version};

use crate::{Code, Context, Rejection, State, runbook, scope, source};

#[derive(Debug, Clone, Default)]
pub struct Releases {
    releases: BTreeMap<ReleaseId, Release>,
    by_name: BTreeMap<(Name, Version), ReleaseId>,
    by_digest: BTreeMap<Digest, ReleaseId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    pub id: ReleaseId,
    pub bundle: Bundle,
    pub created: Timestamp,
    pub created_by: String,
    pub sealed: Option<Sealed>,
    /// Who wrote what it brings, as far as it was recorded; empty again where the text was erased.
    pub commits: Vec<Commit>,
    /// Who took on the known errors with which it was sealed, in order.
    pub accepted: Vec<Acceptance>,
    /// From which branches or tags it comes, as far as it was recorded; empty again where the text was erased.
    pub sources: Vec<Source>,
    /// By repository, the branches in which what a hotfix mended was found again.
    pub merged_back: BTreeMap<Name, BTreeSet<String>>,
    /// Teams that were told of it because services of theirs depend on what it changes, and which.
    pub consumers: BTreeMap<Name, BTreeSet<Name>>,
    /// Services whose bills of materials name a Library, by the Library, as they were before it was sealed.
    pub library_uses: BTreeMap<Name, BTreeSet<Name>>,
}

/// Somebody's word that the release may carry its known errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub by: String,
    pub at: Timestamp,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub digest: Digest,
    pub at: Timestamp,
    pub by: String,
}

impl Release {
    /// How plans refer to it; None while it is a draft.
    pub fn reference(&self) -> Option<ReleaseRef> {
        let sealed = self.sealed.as_ref()?;
        Some(ReleaseRef {
            id: self.id,
            name: self.bundle.name.clone(),
            version: self.bundle.version.clone(),
            digest: sealed.digest,
        })
    }
}

impl Releases {
    pub fn get(&self, id: ReleaseId) -> Option<&Release> {
        self.releases.get(&id)
    }

    pub fn find(&self, name: &Name, version: &Version) -> Option<&Release> {
        self.get(*self.by_name.get(&(name.clone(), version.clone()))?)
    }

    /// The release that was sealed under this digest.
    pub fn with_digest(&self, digest: &Digest) -> Option<&Release> {
        self.get(*self.by_digest.get(digest)?)
    }

    /// The oldest first: ids grow with the time of their making.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Release> {
        self.releases.values()
    }

    pub(crate) fn known(&self, id: ReleaseId) -> Result<&Release, Rejection> {
        self.get(id).ok_or_else(|| {
            Rejection::new(Code::UnknownRelease, format!("there is no release {id}"))
                .hint("`shipway release list` shows those there are")
        })
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::ReleaseCreated { id, bundle } => {
                let release = Release {
                    id: *id,
                    bundle: bundle.as_ref().clone(),
                    created: event.at,
                    created_by: event.actor.clone(),
                    sealed: None,
                    commits: Vec::new(),
                    accepted: Vec::new(),
                    sources: Vec::new(),
                    merged_back: BTreeMap::new(),
                    library_uses: BTreeMap::new(),
                    consumers: BTreeMap::new(),
                };
                self.by_name.insert((bundle.name.clone(), bundle.version.clone()), *id);
                self.releases.insert(*id, release);
            }
            Body::CommitsRecorded { id, commits, .. } => {
                if let Some(release) = self.releases.get_mut(id) {
                    release.commits = serde_json::from_str(commits).unwrap_or_default();
                }
            }
            Body::KnownErrorsAccepted { id, note } => {
                if let Some(release) = self.releases.get_mut(id) {
                    let (by, at, note) = (event.actor.clone(), event.at, note.clone());
                    release.accepted.push(Acceptance { by, at, note });
                }
            }
            Body::SourcesRecorded { id, sources, .. } => {
                if let Some(release) = self.releases.get_mut(id) {
                    release.sources = serde_json::from_str(sources).unwrap_or_default();
                }
            }
            Body::MergedBack { id, repository, found_in, .. } => {
                if let Some(release) = self.releases.get_mut(id) {
                    let found = release.merged_back.entry(repository.clone()).or_default();
                    found.extend(found_in.iter().cloned());
                }
            }
            Body::LibraryUsesNoted { id, uses } => {
                if let Some(release) = self.releases.get_mut(id) {
                    release.library_uses = uses.clone();
                }
            }
            Body::ConsumersNotified { id, consumers } => {
                if let Some(release) = self.releases.get_mut(id) {
                    release.consumers = consumers.clone();
                }
            }
            Body::ReleaseSealed { id, bundle, digest } => {
                if let Some(release) = self.releases.get_mut(id) {
                    self.by_digest.insert(*digest, *id);
                    release.bundle = bundle.as_ref().clone();
                    release.sealed = Some(Sealed { digest: *digest, at: event.at, by: event.actor.clone() });
                }
            }
            _ => {}
        }
    }
}

pub(crate) fn create(state: &State, id: ReleaseId, bundle: &Bundle) -> Result<Vec<Body>, Rejection> {
    check_parts(state, bundle)?;
    crate::known_error::check(state, bundle)?;
    match state.releases.find(&bundle.name, &bundle.version) {
        None => Ok(vec![Body::ReleaseCreated { id, bundle: Box::new(bundle.clone()) }]),
        Some(known) if known.sealed.is_none() && known.bundle == *bundle => Ok(Vec::new()),
        Some(known) => Err(Rejection::new(
            if known.sealed.is_some() { Code::ReleaseSealed } else { Code::ReleaseExists },
            format!("release {}@{} exists already as {}", bundle.name, bundle.version, known.id),
        )
        .hint("releases never change once named: use the next version")),
    }
}

fn check_parts(state: &State, bundle: &Bundle) -> Result<(), Rejection> {
    if bundle.parts.is_empty() {
        return Err(Rejection::new(Code::UnknownArtifact, "a release needs at least one part")
            .hint("name parts as SERVICE=VERSION"));
    }
    let mut faults = Vec::new();
    for (service, part) in &bundle.parts {
        for digest in std::iter::once(&part.artifact).chain(part.variants.values()) {
            // A variant is registered as its own version, for example `1.0.0+eu`.
            let of_any_version = *digest != part.artifact;
            let belongs =
                |it: &Artifact| it.service == *service && (of_any_version || it.version == part.version);
            let mut registered = state.artifacts.with_digest(digest).map(|it| &it.artifact).peekable();
            match registered.peek().copied() {
                _ if registered.any(belongs) => {}
                Some(it) => faults.push(format!(
                    "{digest} is {} {}, not {service} {}",
                    it.service, it.version, part.version
                )),
                None => {
                    faults.push(format!("no artifact {digest} is registered for {service} {}", part.version));
                }
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Rejection::new(Code::UnknownArtifact, "the release binds artifacts that are not registered")
        .faults(faults)
        .hint("register them with `shipway artifact register`"))
}

/// What bills of materials say; of a draft, since sealing is what tells those who use it.
pub(crate) fn note_library_uses(
    state: &State,
    id: ReleaseId,
    uses: &BTreeMap<Name, BTreeSet<Name>>,
) -> Result<Vec<Body>, Rejection> {
    let release = state.releases.known(id)?;
    if release.sealed.is_some() || release.library_uses == *uses {
        return Ok(Vec::new());
    }
    Ok(vec![Body::LibraryUsesNoted { id, uses: uses.clone() }])
}

pub(crate) fn seal(state: &State, id: ReleaseId, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
    let release = state.releases.known(id)?;
    if release.sealed.is_some() {
        return Ok(Vec::new());
    }
    let mut bundle = release.bundle.clone();
    let mut faults = Vec::new();
    for (service, part) in &mut bundle.parts {
        bind_configuration(state, service, part, &mut faults);
    }
    if !faults.is_empty() {
        return Err(Rejection::new(Code::UnknownService, "the release holds services that are not declared")
            .faults(faults)
            .hint("declare them with `shipway apply`"));
    }
    scope::check_seal(state, &bundle)?;
    source::check_seal(state, release, ctx)?;
    bundle.runbooks = runbook::bind(state, &bundle)?;
    let digest = bundle.digest();
    let outdated = runbook::outdated_by(state, release, &bundle, ctx);
    let consumers = source::consumers(state, &bundle, &release.library_uses);
    let sealed = Body::ReleaseSealed { id, bundle: Box::new(bundle), digest };
    let told = (!consumers.is_empty()).then_some(Body::ConsumersNotified { id, consumers });
    Ok(std::iter::once(sealed).chain(told).chain(outdated).collect())
}

fn bind_configuration(state: &State, service: &Name, part: &mut Part, faults: &mut Vec<String>) {
    let key = Key { kind: Kind::Service, name: service.clone() };
    match state.catalogue.digest(&key) {
        Some(digest) => part.configuration = Some(digest),
        None => faults.push(format!("no Service {service} is declared")),
    }
}
