//! Builds, registered once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::event::{Body, Event};
use shipway_model::release::Artifact;
use shipway_model::{Digest, Name, Version};

use crate::{Code, Rejection, State, source};

#[derive(Debug, Clone, Default)]
pub struct Artifacts {
    by_name: BTreeMap<(Name, Version), Registered>,
    /// The same bytes may be builds of several services, and of several versions.
    by_digest: BTreeMap<Digest, BTreeSet<(Name, Version)>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    pub artifact: Artifact,
    pub at: Timestamp,
    pub by: String,
}

impl Artifacts {
    pub fn get(&self, service: &Name, version: &Version) -> Option<&Registered> {
        self.by_name.get(&(service.clone(), version.clone()))
    }

    /// Everything that was registered with these bytes.
    pub fn with_digest(&self, digest: &Digest) -> impl Iterator<Item = &Registered> {
        self.by_digest.get(digest).into_iter().flatten().filter_map(|key| self.by_name.get(key))
    }

    /// The builds of one service.
    pub fn of_service<'a>(&'a self, service: &'a Name) -> impl Iterator<Item = &'a Registered> {
        // Before every version: they begin with a digit or a letter, and `0` is the first of those.
        let first = (service.clone(), "0".parse().expect("a version"));
        self.by_name.range(first..).take_while(move |(key, _)| key.0 == *service).map(|it| it.1)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.by_name.values()
    }

    pub(crate) fn apply(&mut self, artifact: &Artifact, event: &Event) {
        let key = (artifact.service.clone(), artifact.version.clone());
        self.by_digest.entry(artifact.digest).or_default().insert(key.clone());
        let registered = Registered { artifact: artifact.clone(), at: event.at, by: event.actor.clone() };
        self.by_name.insert(key, registered);
    }
}

/// The event that registers a build.
///
/// # Errors
/// When the version is something else already, is kept for what no build is, or the branch that it was built from yields no
/// releases.
pub(crate) fn register(state: &State, artifact: &Artifact) -> Result<Vec<Body>, Rejection> {
    let (service, version) = (&artifact.service, &artifact.version);
    if version.is_control() {
        let message =
            format!("{service} {version} is how a fresh control of a canary is called, and no build");
        return Err(Rejection::new(Code::ReservedVersion, message)
            .hint("give the build a version that ends otherwise"));
    }
    match state.artifacts.get(service, version).map(|it| &it.artifact) {
        None => {
            source::check_build(state, artifact)?;
            Ok(vec![Body::ArtifactRegistered { artifact: Box::new(artifact.clone()) }])
        }
        Some(known) if known == artifact => Ok(Vec::new()),
        Some(known) if known.digest == artifact.digest => Err(Rejection::new(
            Code::ArtifactDiffers,
            format!("{service} {version} is registered with another commit, builder, source or provenance"),
        )
        .hint("what is registered stands; give the same facts, or build a new version")),
        Some(known) => Err(Rejection::new(
            Code::ArtifactDiffers,
            format!("{service} {version} is registered as {}, and this is {}", known.digest, artifact.digest),
        )
        .hint("artifacts never change: register the new build under a new version")),
    }
}
