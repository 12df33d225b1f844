//! Who had a hand in a release on its way into an environment: the causal set over which duties are segregated.
//!
//! Everything here is derived from the ledger at the moment of the question, so that nobody falls out of the set by
//! acting under another name, and an edit of the rules that judge the release counts as soon as it is made.

use shipway_model::access::{COMMITS_MAX, Commit};
use shipway_model::event::Body;
use shipway_model::resource::{Key, Spec};
use shipway_model::{Digest, Name, ReleaseId};

use super::{Access, Identity};
use crate::{Code, Rejection, Release, State};

/// One deed of one person in the making of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hand {
    pub who: Identity,
    pub part: Part,
    /// The deed as the end of a sentence about the person, for example `wrote commit 3fa2c41 of shop@1.2.0`.
    pub deed: String,
}

/// The duty in which somebody had a hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Wrote, committed or co-wrote what is in it.
    Author,
    /// Built it, or registered the build.
    Builder,
    /// Changed the pipeline, the policies, the access policies or the environment that judge it.
    Editor,
    /// Put the release together, or asked for the rollout.
    Requester,
    /// Approved an earlier step.
    Approver,
}

/// All who had a hand in the release, each with what they did; sorted, without repeats. `environment` brings in the
/// editors of its rules.
pub fn hands(state: &State, release: ReleaseId, environment: Option<&Name>) -> Vec<Hand> {
    let mut found = Vec::new();
    let Some(release) = state.releases.get(release) else { return found };
    let name = format!("{}@{}", release.bundle.name, release.bundle.version);
    let access = &state.access;
    for commit in &release.commits {
        of_commit(access, commit, &name, &mut found);
    }
    of_builds(state, release, &mut found);
    if let Some(environment) = environment {
        of_rules(state, environment, &mut found);
    }
    let mut requested = |actor: &str, deed: String| {
        for who in access.behind(actor) {
            found.push(Hand { who, part: Part::Requester, deed: deed.clone() });
        }
    };
    requested(&release.created_by, format!("put {name} together"));
    if let Some(sealed) = &release.sealed {
        requested(&sealed.by, format!("sealed {name}"));
    }
    found.sort();
    found.dedup();
    found
}

fn of_commit(access: &Access, commit: &Commit, release: &str, found: &mut Vec<Hand>) {
    let short: String = commit.id.chars().take(7).collect();
    let written = [(&commit.author, "wrote"), (&commit.committer, "committed")];
    let co_written = commit.co_authors.iter().map(|it| (it, "co-wrote"));
    for (address, verb) in written.into_iter().chain(co_written) {
        let who = author(access, address);
        let deed = match verb {
            "committed" => format!("committed {short} of {release}"),
            _ => format!("{verb} commit {short} of {release}"),
        };
        found.push(Hand { who, part: Part::Author, deed });
    }
}

/// By the address; where no Person has it, by what stands before the `@`, if an account or token is called so, since
/// whoever is not declared must not be let through for that.
pub(crate) fn author(access: &Access, address: &str) -> Identity {
    if let Some(person) = access.people.of_email(address) {
        return Identity::Person(person.to_string());
    }
    let local = address.split('@').next().unwrap_or(address);
    match access.person(local) {
        Some(person) => Identity::Person(person.to_string()),
        None => Identity::Person(local.to_owned()),
    }
}

fn of_builds(state: &State, release: &Release, found: &mut Vec<Hand>) {
    for (service, part) in &release.bundle.parts {
        let Some(registered) = state.artifacts.get(service, &part.version) else { continue };
        let build = format!("{service} {}", part.version);
        for who in state.access.behind(&registered.by) {
            found.push(Hand { who, part: Part::Builder, deed: format!("registered the build of {build}") });
        }
        if !registered.artifact.builder.is_empty() {
            for who in state.access.behind(&registered.artifact.builder) {
                found.push(Hand { who, part: Part::Builder, deed: format!("built {build}") });
            }
        }
    }
}

fn of_rules(state: &State, environment: &Name, found: &mut Vec<Hand>) {
    let pipeline = state.catalogue.environment(environment).and_then(|it| it.pipeline);
    let judges = |key: &Key, spec: &Spec| match spec {
        Spec::Environment(_) => key.name == *environment,
        Spec::Pipeline(_) => Some(&key.name) == pipeline.as_ref(),
        Spec::Policy(_) | Spec::AccessPolicy(_) | Spec::TrustRoot(_) => true,
        _ => false,
    };
    for (key, _) in state.catalogue.iter().filter(|(key, resource)| judges(key, &resource.spec)) {
        let Some(editor) = state.catalogue.editor(key) else { continue };
        for who in state.access.behind(editor) {
            found.push(Hand { who, part: Part::Editor, deed: format!("changed {key}, which judges it") });
        }
    }
}

/// The event that records who wrote what a release brings.
pub(crate) fn record_commits(
    state: &State,
    id: ReleaseId,
    commits: &[Commit],
) -> Result<Vec<Body>, Rejection> {
    let release = state.releases.known(id)?;
    if release.commits == commits {
        return Ok(Vec::new());
    }
    if release.sealed.is_some() {
        let message = format!("{}@{} is sealed", release.bundle.name, release.bundle.version);
        return Err(Rejection::new(Code::ReleaseSealed, message)
            .hint("record the commits before it is sealed: `shipway release create --commits FILE`"));
    }
    let invalid = |message: String| Err(Rejection::new(Code::InvalidCommits, message));
    if commits.is_empty() || commits.len() > COMMITS_MAX {
        return invalid(format!("1 to {COMMITS_MAX} commits can be recorded, not {}", commits.len()));
    }
    for commit in commits {
        let is_hash =
            (7..=64).contains(&commit.id.len()) && commit.id.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_hash {
            return invalid(format!("`{}` is not a commit's hash", commit.id.escape_debug()));
        }
        let people = [&commit.author, &commit.committer].into_iter().chain(&commit.co_authors);
        if let Some(odd) =
            people.into_iter().find(|it| it.trim().is_empty() || it.chars().any(char::is_control))
        {
            return invalid(format!("`{}` of commit {} is nobody's address", odd.escape_debug(), commit.id));
        }
    }
    let text = serde_json::to_string(commits).expect("commits have string keys");
    Ok(vec![Body::CommitsRecorded { id, digest: Digest::of(text.as_bytes()), commits: text }])
}
