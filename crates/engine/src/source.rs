//! From where a release comes: whether its branch or tag may yield one, who merged into it, and whether hotfixes were
//! merged back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::Body;
use shipway_model::release::{Artifact, Bundle, Class};
use shipway_model::resource::repository::Refs;
use shipway_model::resource::{Key, Kind, Repository};
use shipway_model::source::{MERGES_MAX, MergeBack, Ref, SOURCES_MAX, Source};
use shipway_model::{Digest, Name, ReleaseId};

use crate::access::author;
use crate::catalogue::graph;
use crate::change::path;
use crate::{Code, Context, Identity, Rejection, Release, State};

/// What a hotfix still owes: branches in which what it mended is not found yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub release: ReleaseId,
    pub repository: Name,
    pub commit: String,
    pub missing: BTreeSet<String>,
    pub since: Timestamp,
    /// From then on the next release from there that is no emergency waits.
    pub due: Timestamp,
}

/// The event that records from where a release comes.
pub(crate) fn record(state: &State, id: ReleaseId, sources: &[Source]) -> Result<Vec<Body>, Rejection> {
    let release = state.releases.known(id)?;
    if release.sources == sources {
        return Ok(Vec::new());
    }
    if release.sealed.is_some() {
        let message = format!("{}@{} is sealed", release.bundle.name, release.bundle.version);
        return Err(Rejection::new(Code::ReleaseSealed, message)
            .hint("say it before: `shipway release create --source REPOSITORY=REF`"));
    }
    if sources.is_empty() || sources.len() > SOURCES_MAX {
        return Err(invalid(format!("1 to {SOURCES_MAX} sources can be recorded, not {}", sources.len())));
    }
    let mut seen = BTreeSet::new();
    for source in sources {
        check_form(state, source)?;
        if !seen.insert(&source.repository) {
            return Err(invalid(format!("the repository {} is told of twice", source.repository)));
        }
    }
    let text = serde_json::to_string(sources).expect("sources have string keys");
    Ok(vec![Body::SourcesRecorded { id, digest: Digest::of(text.as_bytes()), sources: text }])
}

fn check_form(state: &State, source: &Source) -> Result<(), Rejection> {
    if state.catalogue.repository(&source.repository).is_none() {
        return Err(invalid(format!("there is no Repository {}", source.repository))
            .hint("`shipway get repositories` shows those there are"));
    }
    let name = source.reference.name();
    if name.is_empty() || name.len() > 250 || name.chars().any(|it| it.is_control() || it.is_whitespace()) {
        return Err(invalid(format!(
            "`{}` is no name of a {}",
            name.escape_debug(),
            source.reference.kind()
        )));
    }
    if source.merges.len() > MERGES_MAX {
        return Err(invalid(format!("at most {MERGES_MAX} merges can be told of one source")));
    }
    let commits = std::iter::once(&source.commit).chain(source.merges.iter().map(|it| &it.commit));
    if let Some(odd) = commits.into_iter().find(|it| !is_hash(it)) {
        return Err(invalid(format!("`{}` is not a commit's hash", odd.escape_debug())));
    }
    match source.merges.iter().find(|it| it.by.trim().is_empty() || it.by.chars().any(char::is_control)) {
        Some(odd) => Err(invalid(format!("`{}` is nobody's address", odd.by.escape_debug()))),
        None => Ok(()),
    }
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Whether every part may come from where it comes, and nobody owes what it would overtake.
pub(crate) fn check_seal(state: &State, release: &Release, ctx: &Context<'_>) -> Result<(), Rejection> {
    let mut faults = Vec::new();
    let mut repositories = BTreeSet::new();
    for (service, part) in &release.bundle.parts {
        let declared = state.catalogue.service(service).and_then(|it| it.repository.as_ref());
        let Some(name) = declared else { continue };
        repositories.insert(name);
        let Some(source) = release.sources.iter().find(|it| it.repository == *name) else {
            faults.push(format!("{service} is built from {name}, and nobody said from which branch or tag"));
            continue;
        };
        let built = state.artifacts.get(service, &part.version).map(|it| it.artifact.commit.as_str());
        faults.extend(built.and_then(|it| of_build(service, it, source)));
    }
    for name in repositories {
        let (Some(repository), Some(source)) =
            (state.catalogue.repository(name), release.sources.iter().find(|it| it.repository == *name))
        else {
            continue;
        };
        faults.extend(of_source(state, repository, source, &release.bundle));
        if release.bundle.class != Class::Emergency {
            faults.extend(overdue(state, name, ctx.now));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let (name, version) = (&release.bundle.name, &release.bundle.version);
    Err(Rejection::new(Code::NotACandidate, format!("{name}@{version} cannot come from where it comes"))
        .faults(faults)
        .hint("`shipway get repositories -o yaml` shows the branching that is agreed on"))
}

/// Whether a build may become a release at all, as far as its service's repository and its branch or tag are known. Which
/// class of release it is for is not known yet, so what yields hotfixes is enough.
pub(crate) fn check_build(state: &State, artifact: &Artifact) -> Result<(), Rejection> {
    let declared = state.catalogue.service(&artifact.service).and_then(|it| it.repository.as_ref());
    let (Some(name), Some(reference)) = (declared, &artifact.source) else { return Ok(()) };
    let Some(repository) = state.catalogue.repository(name) else { return Ok(()) };
    if is_one_of(reference, &repository.candidates()) || is_one_of(reference, &repository.hotfixes()) {
        return Ok(());
    }
    let (kind, from) = (reference.kind(), reference.name());
    let (service, version) = (&artifact.service, &artifact.version);
    let fault = format!(
        "the {kind} {from} of {name} yields no releases: by {} they come from {}",
        repository.model.as_str(),
        listed(repository, true)
    );
    Err(Rejection::new(Code::NotACandidate, format!("{service} {version} cannot come from where it comes"))
        .faults(vec![fault])
        .hint("`shipway get repositories -o yaml` shows the branching that is agreed on"))
}

/// A build of another commit than the branch points at is another build.
fn of_build(service: &Name, built: &str, source: &Source) -> Option<String> {
    let same = built.is_empty() || source.commit.starts_with(built) || built.starts_with(&source.commit);
    let (kind, name) = (source.reference.kind(), source.reference.name());
    (!same).then(|| {
        format!(
            "{service} was built from {built}, and the {kind} {name} of {} is {}",
            source.repository, source.commit
        )
    })
}

fn of_source(state: &State, repository: &Repository, source: &Source, bundle: &Bundle) -> Vec<String> {
    let mut faults = Vec::new();
    let (kind, name) = (source.reference.kind(), source.reference.name());
    let is_hotfix = bundle.class == Class::Emergency;
    let may = is_one_of(&source.reference, &repository.candidates())
        || (is_hotfix && is_one_of(&source.reference, &repository.hotfixes()));
    if !may {
        let model = repository.model.as_str();
        faults.push(format!(
            "the {kind} {name} of {} yields no releases: by {model} they come from {}",
            source.repository,
            listed(repository, is_hotfix)
        ));
    }
    for merge in &source.merges {
        if !may_merge(state, repository, &merge.by) {
            // Faults are answered and not recorded, so that the address is told to whoever asks alone.
            faults.push(format!(
                "{} merged {} into {name} of {}, and may not",
                merge.by, merge.commit, source.repository
            ));
        }
    }
    faults
}

fn is_one_of(reference: &Ref, refs: &Refs) -> bool {
    let (patterns, name) = match reference {
        Ref::Branch(name) => (&refs.branches, name),
        Ref::Tag(name) => (&refs.tags, name),
    };
    patterns.iter().any(|it| path::matches(it, name))
}

fn listed(repository: &Repository, is_hotfix: bool) -> String {
    let refs = repository.candidates();
    let hotfixes = if is_hotfix { repository.hotfixes() } else { Refs::default() };
    let branches = refs.branches.into_iter().chain(hotfixes.branches).map(|it| format!("branch {it}"));
    let tags = refs.tags.into_iter().chain(hotfixes.tags).map(|it| format!("tag {it}"));
    branches.chain(tags).collect::<Vec<_>>().join(", ")
}

fn may_merge(state: &State, repository: &Repository, address: &str) -> bool {
    let mergers = &repository.mergers;
    if mergers.is_everybody() || mergers.people.iter().any(|it| it.eq_ignore_ascii_case(address)) {
        return true;
    }
    let who = author(&state.access, address);
    let is_who = |account: &str| state.access.identity(account) == who;
    let Identity::Person(name) = &who else { return false };
    mergers.people.iter().any(|it| is_who(it)) || mergers.teams.iter().any(|it| state.is_member(it, name))
}

/// Hotfixes from the repository that were not merged back in time.
fn overdue(state: &State, repository: &Name, now: Timestamp) -> Vec<String> {
    let late = owed(state).into_iter().filter(|it| it.repository == *repository && it.due <= now);
    late.filter_map(|it| {
        let bundle = &state.releases.get(it.release)?.bundle;
        let missing: Vec<&str> = it.missing.iter().map(String::as_str).collect();
        Some(format!(
            "the hotfix {}@{} was to be merged back into {} of {repository} by {}",
            bundle.name,
            bundle.version,
            missing.join(" and "),
            it.due
        ))
    })
    .collect()
}

/// Everything that hotfixes owe, the first to be due first.
pub fn owed(state: &State) -> Vec<Owed> {
    let emergencies = state.releases.iter().filter(|it| it.bundle.class == Class::Emergency);
    let mut found: Vec<Owed> = emergencies.flat_map(|it| of_hotfix(state, it)).collect();
    found.sort_by_key(|it| (it.due, it.release));
    found
}

fn of_hotfix(state: &State, release: &Release) -> Vec<Owed> {
    let Some(sealed) = &release.sealed else { return Vec::new() };
    let owes = |source: &Source| {
        let repository = state.catalogue.repository(&source.repository)?;
        let none = BTreeSet::new();
        let found = release.merged_back.get(&source.repository).unwrap_or(&none);
        let came_from = match &source.reference {
            Ref::Branch(name) => Some(name),
            Ref::Tag(_) => None,
        };
        // What came from a branch is in it.
        let is_missing = |it: &String| !found.contains(it) && Some(it) != came_from;
        let missing: BTreeSet<String> = repository.merge_back_to().into_iter().filter(is_missing).collect();
        let within = SignedDuration::from_millis(repository.merge_back_within.0.cast_signed());
        (!missing.is_empty()).then(|| Owed {
            release: release.id,
            repository: source.repository.clone(),
            commit: source.commit.clone(),
            missing,
            since: sealed.at,
            due: sealed.at.checked_add(within).unwrap_or(Timestamp::MAX),
        })
    };
    release.sources.iter().filter_map(owes).collect()
}

/// The event that records where a hotfix was found again.
pub(crate) fn merged_back(state: &State, id: ReleaseId, it: &MergeBack) -> Result<Vec<Body>, Rejection> {
    let release = state.releases.known(id)?;
    let Some(source) = release.sources.iter().find(|source| source.repository == it.repository) else {
        let (name, version) = (&release.bundle.name, &release.bundle.version);
        return Err(invalid(format!("{name}@{version} does not come from {}", it.repository))
            .hint("`shipway release merge-backs` lists what is owed"));
    };
    let same = is_hash(&it.commit)
        && (source.commit.starts_with(&it.commit) || it.commit.starts_with(&source.commit));
    if !same {
        return Err(invalid(format!("the release was made of {}, not of {}", source.commit, it.commit)));
    }
    let none = BTreeSet::new();
    let known = release.merged_back.get(&it.repository).unwrap_or(&none);
    if it.found_in.is_subset(known) {
        return Ok(Vec::new());
    }
    let (repository, commit, found_in) = (it.repository.clone(), it.commit.clone(), it.found_in.clone());
    Ok(vec![Body::MergedBack { id, repository, commit, found_in }])
}

/// Teams other than the owners whose services depend on what a bundle changes, with those services: directly, or through
/// libraries that are built on it, which they name among what they need or in their bills of materials (`uses`). Whoever is
/// reached through another service is that service's consumer, not this one's.
pub(crate) fn consumers(
    state: &State,
    bundle: &Bundle,
    uses: &BTreeMap<Name, BTreeSet<Name>>,
) -> BTreeMap<Name, BTreeSet<Name>> {
    let mut found: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
    for name in bundle.parts.keys() {
        let owner = state.catalogue.service(name).map(|it| &it.owner);
        let (direct, libraries) = built_on(state, name);
        let by_bills = libraries.iter().filter_map(|it| uses.get(it)).flatten().filter(|it| *it != name);
        for consumer in direct.into_iter().chain(by_bills.cloned()) {
            let Some(service) = state.catalogue.service(&consumer) else { continue };
            if owner != Some(&service.owner) && !bundle.parts.contains_key(&consumer) {
                found.entry(service.owner.clone()).or_default().insert(consumer);
            }
        }
    }
    found
}

/// Libraries that are built on what a bundle changes, directly or through others.
pub fn libraries_on(state: &State, bundle: &Bundle) -> BTreeSet<Name> {
    bundle.parts.keys().flat_map(|it| built_on(state, it).1).collect()
}

/// Services that need `provider`, directly or through libraries, and those libraries.
fn built_on(state: &State, provider: &Name) -> (BTreeSet<Name>, BTreeSet<Name>) {
    let (mut services, mut libraries) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![Key { kind: Kind::Service, name: provider.clone() }];
    while let Some(node) = open.pop() {
        for consumer in graph::consumers(&state.catalogue, &node) {
            match consumer.kind {
                Kind::Service => drop(services.insert(consumer.name.clone())),
                Kind::Library if libraries.insert(consumer.name.clone()) => open.push(consumer.clone()),
                _ => {}
            }
        }
    }
    (services, libraries)
}

fn invalid(message: String) -> Rejection {
    Rejection::new(Code::InvalidSource, message)
}
