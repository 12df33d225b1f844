//! SLSA's predicates: provenance 0.2 and 1 (which SLSA 1.2 keeps), and verification summaries 0.2 and 1.

use serde_json::Value;
use shipway_model::attestation::{Build, VerificationSummary};

/// Provenance of a version that is known.
pub(super) fn build(predicate_type: &str, predicate: &Value) -> Option<Build> {
    match predicate_type {
        "https://slsa.dev/provenance/v0.2" => build_0_2(predicate),
        "https://slsa.dev/provenance/v1" => build_1(predicate),
        _ => None,
    }
}

pub(super) fn summary(predicate_type: &str, predicate: &Value) -> Option<VerificationSummary> {
    let known = ["https://slsa.dev/verification_summary/v1", "https://slsa.dev/verification_summary/v0.2"];
    if !known.contains(&predicate_type) {
        return None;
    }
    let levels = predicate.get("verifiedLevels").and_then(Value::as_array).into_iter().flatten();
    Some(VerificationSummary {
        verifier: text(predicate, "/verifier/id")?,
        passed: text(predicate, "/verificationResult").as_deref() == Some("PASSED"),
        levels: levels.filter_map(Value::as_str).map(str::to_owned).collect(),
        resource_uri: text(predicate, "/resourceUri"),
        policy_uri: text(predicate, "/policy/uri"),
        verified_at: text(predicate, "/timeVerified"),
    })
}

fn build_0_2(predicate: &Value) -> Option<Build> {
    let uri = text(predicate, "/invocation/configSource/uri").or_else(|| text(predicate, "/materials/0/uri"));
    let source = uri.as_deref().map(Source::of).unwrap_or_default();
    Some(Build {
        builder: text(predicate, "/builder/id")?,
        build_type: text(predicate, "/buildType"),
        repository: source.repository,
        reference: source.reference,
        commit: text(predicate, "/invocation/configSource/digest/sha1")
            .or_else(|| text(predicate, "/materials/0/digest/sha1")),
        invocation: text(predicate, "/metadata/buildInvocationId")
            .or_else(|| text(predicate, "/metadata/buildInvocationID")),
        finished_at: text(predicate, "/metadata/buildFinishedOn"),
    })
}

fn build_1(predicate: &Value) -> Option<Build> {
    let definition = predicate.get("buildDefinition")?;
    // The repository as the builder took it from whoever asked for the build, in the words of the build types of
    // GitHub (`workflow`) and of Google Cloud Build and Tekton (`source`); else the first thing that it resolved.
    let parameters = definition.get("externalParameters").unwrap_or(&Value::Null);
    let workflow = text(parameters, "/workflow/repository").map(|repository| Source {
        repository: Source::of(&repository).repository,
        reference: text(parameters, "/workflow/ref"),
    });
    let stated = ["/source/uri", "/source/repository", "/source"].iter().find_map(|at| text(parameters, at));
    let resolved = definition.pointer("/resolvedDependencies/0");
    let uri = stated.or_else(|| text(resolved?, "/uri"));
    let source = workflow.or_else(|| uri.as_deref().map(Source::of)).unwrap_or_default();
    let digest = |name: &str| text(resolved?, name);
    Some(Build {
        builder: text(predicate, "/runDetails/builder/id")?,
        build_type: text(definition, "/buildType"),
        repository: source.repository,
        reference: source.reference,
        commit: digest("/digest/gitCommit").or_else(|| digest("/digest/sha1")),
        invocation: text(predicate, "/runDetails/metadata/invocationId"),
        finished_at: text(predicate, "/runDetails/metadata/finishedOn"),
    })
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

#[derive(Debug, Default, PartialEq)]
struct Source {
    repository: Option<String>,
    reference: Option<String>,
}

impl Source {
    /// Of `git+https://github.com/example/shop.git@refs/heads/main`.
    fn of(uri: &str) -> Self {
        let uri = uri.strip_prefix("git+").unwrap_or(uri);
        // An `@` before the path is a user's.
        let path_start = uri.find("://").map_or(0, |at| at + 3);
        let path_start = path_start + uri[path_start..].find('/').unwrap_or(0);
        let (repository, reference) = match uri[path_start..].rfind('@') {
            Some(at) => (&uri[..path_start + at], Some(uri[path_start + at + 1..].to_owned())),
            None => (uri, None),
        };
        let repository = repository.trim_end_matches('/');
        let repository = repository.strip_suffix(".git").unwrap_or(repository);
        Self { repository: Some(repository.to_owned()), reference }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_called_by_their_plain_address() {
        let check = |uri: &str, repository: &str, reference: Option<&str>| {
            let reference = reference.map(str::to_owned);
            assert_eq!(
                Source::of(uri),
                Source { repository: Some(repository.to_owned()), reference },
                "{uri}"
            );
        };
        let main = Some("refs/heads/main");
        check("git+https://github.com/example/shop@refs/heads/main", "https://github.com/example/shop", main);
        check("https://github.com/example/shop.git", "https://github.com/example/shop", None);
        check("git+ssh://git@host/shop.git@refs/heads/main", "ssh://git@host/shop", main);
        check("https://host/shop/", "https://host/shop", None);
    }
}
