//! Signed proof of how and from what something was built (SLSA).
//!
//! Every artifact of the service needs one attestation that names it and meets the whole rule by itself: a builder from
//! one document and a repository from another prove nothing.

use std::collections::BTreeSet;

use shipway_model::attestation::{Attestation, Build, Signer, VerificationSummary};
use shipway_model::evidence::Kind;
use shipway_model::resource::policy::Provenance;
use shipway_model::{Digest, EvidenceId};

use super::{listed, missing};
use crate::counting::View;
use crate::found::Found;

pub(crate) fn judge(rule: &Provenance, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Attestations);
    let all: Vec<(EvidenceId, &Attestation)> = counted
        .documents
        .iter()
        .flat_map(|(id, it)| it.attestations.iter().flatten().map(|it| (*id, it)))
        .collect();
    let Some(service) = view.facts.services.get(view.service).filter(|_| !all.is_empty()) else {
        return missing("signed provenance", &counted, view);
    };
    let (mut faults, mut shown_by, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for artifact in &service.artifacts {
        let about: Vec<_> = all.iter().filter(|(_, it)| names(it, artifact)).collect();
        let objections = about
            .iter()
            .map(|(id, it)| (*id, *it, objections(rule, it, all.as_slice(), artifact, &service.commit)));
        let mut refused = Vec::new();
        let mut proof = None;
        for (id, it, why) in objections {
            match why.is_empty() {
                true => proof = Some((id, it)),
                false => refused.push(format!("{id}: {}", why.join("; "))),
            }
        }
        match proof {
            Some((id, it)) => {
                shown_by.push(id);
                said.push(sentence(artifact, it));
            }
            None if about.is_empty() => faults.push(format!(
                "none of the {} attestations is about {artifact}: what was signed is not what is shipped",
                all.len()
            )),
            None => faults.extend(refused),
        }
    }
    let n_artifacts = service.artifacts.len();
    let mut found =
        Found::unless(listed(faults), format!("{n_artifacts} of {n_artifacts} artifacts are proven"));
    if found.status.passes() {
        found.reasons = said;
    } else {
        found.next = Some("shipway provenance verify FILE --artifact DIGEST --roots FILE".to_owned());
    }
    found.shown_by(shown_by)
}

fn names(it: &Attestation, artifact: &Digest) -> bool {
    let hex = artifact.hex();
    it.subjects.iter().any(|it| it.digests.get("sha256").is_some_and(|digest| *digest == hex))
}

fn sentence(artifact: &Digest, it: &Attestation) -> String {
    let by =
        it.signers.iter().map(|it| format!("{} ({})", it.identity, it.root)).collect::<Vec<_>>().join(", ");
    let build = it.build.as_ref().map_or_else(String::new, |build| {
        let from = build.repository.as_deref().unwrap_or("a source that it does not name");
        format!("built by {} from {from}, ", build.builder)
    });
    format!("sha256:{} {build}signed by {by}", artifact.short())
}

/// Everything that speaks against it; nothing when it meets the whole rule.
fn objections(
    rule: &Provenance,
    it: &Attestation,
    all: &[(EvidenceId, &Attestation)],
    artifact: &Digest,
    commit: &str,
) -> Vec<String> {
    if !is_signed(rule, it) {
        let why = it.refused.first().map_or_else(String::new, |why| format!(": {why}"));
        return vec![format!("no signature of it holds under a root that counts{why}")];
    }
    let mut found = Vec::new();
    match &it.build {
        None if it.summary.is_some() && !asks_of_the_build(rule) => {}
        None => return vec![format!("it is `{}` and not provenance", it.predicate_type)],
        Some(build) => of_build(rule, build, commit, &mut found),
    }
    if it.summary.as_ref().is_some_and(|it| !it.passed) {
        found.push("it is a verification summary that says FAILED".to_owned());
    }
    if let Some(wanted) = rule.level {
        let stated = it.build.as_ref().and_then(|build| known_level(rule, &build.builder));
        let summaries = all.iter().map(|it| it.1).filter(|it| is_signed(rule, it) && names(it, artifact));
        let summed = summaries.filter_map(|it| it.summary.as_ref()).filter_map(level_of).max();
        match stated.max(summed) {
            Some(level) if level >= wanted => {}
            Some(level) => {
                found.push(format!("it is of SLSA build level {level}, and {wanted} is asked for"))
            }
            None => found.push(format!("nothing says that it is of SLSA build level {wanted}")),
        }
    }
    found
}

fn is_signed(rule: &Provenance, it: &Attestation) -> bool {
    it.signers.iter().any(|it| {
        (rule.roots.is_empty() || rule.roots.contains(&it.root))
            && (rule.identities.is_empty() || is_identity(&rule.identities, it))
    })
}

/// Whether the certificate gives one of these, each `ISSUER#SUBJECT`.
fn is_identity(allowed: &BTreeSet<String>, it: &Signer) -> bool {
    let identity = it.issuer.as_ref().map(|issuer| format!("{issuer}#{}", it.identity));
    identity.is_some_and(|identity| allowed.iter().any(|it| covers(it, &identity)))
}

fn asks_of_the_build(rule: &Provenance) -> bool {
    !rule.builders.is_empty()
        || !rule.repositories.is_empty()
        || !rule.references.is_empty()
        || rule.same_commit
}

fn of_build(rule: &Provenance, build: &Build, commit: &str, found: &mut Vec<String>) {
    let mut one_of =
        |what: &str, allowed: &std::collections::BTreeSet<String>, value: Option<&str>| match value {
            _ if allowed.is_empty() => {}
            None => found.push(format!("it names no {what}")),
            Some(value) if allowed.iter().any(|it| covers(it, value)) => {}
            Some(value) => found.push(format!("the {what} `{value}` is not among those that are allowed")),
        };
    one_of("builder", &rule.builders, Some(&build.builder));
    one_of("repository", &rule.repositories, build.repository.as_deref());
    one_of("reference", &rule.references, build.reference.as_deref());
    if rule.same_commit {
        match build.commit.as_deref() {
            None => found.push("it names no commit".to_owned()),
            Some(_) if commit.is_empty() => {
                found.push("the artifact was registered without a commit".to_owned())
            }
            Some(built) if built.eq_ignore_ascii_case(commit) => {}
            Some(built) => {
                found.push(format!(
                    "it was built from {built}, and the artifact was registered with {commit}"
                ));
            }
        }
    }
}

/// Exactly, or by its beginning where the pattern ends in `*`.
fn covers(pattern: &str, value: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == value, |start| value.starts_with(start))
}

/// The level of a builder: of its own entry, else of the longest that covers it.
fn known_level(rule: &Provenance, builder: &str) -> Option<u8> {
    let entries = rule.levels.iter().filter(|(pattern, _)| covers(pattern, builder));
    entries.max_by_key(|(pattern, _)| pattern.len()).map(|(_, level)| *level)
}

/// The highest build level of a summary that passed.
fn level_of(it: &VerificationSummary) -> Option<u8> {
    let levels = it.levels.iter().filter_map(|it| it.strip_prefix("SLSA_BUILD_LEVEL_")?.parse::<u8>().ok());
    levels.max().filter(|_| it.passed)
}
