//! CDEvents of anybody, as CloudEvents over HTTP: in binary mode, where the body is the CDEvent, or in structured mode, where it
//! is the CloudEvent's `data`. Their versions differ in fields that are not looked at.

use packageurl::PackageUrl;
use shipway_model::ci::{CiResult, Deed, Report};
use shipway_model::{Digest, Version};

use super::Told;
use super::message::{Message, version};

/// A CloudEvent is told apart by its source and id together.
pub(super) fn id(message: &Message<'_>) -> Option<String> {
    let part = |header: &str, pointers: [&str; 2]| {
        message.header(header).or_else(|| pointers.into_iter().find_map(|it| message.text(it)))
    };
    let id = part("ce-id", ["/id", "/context/id"])?;
    let source = part("ce-source", ["/source", "/context/source"])?;
    Some(format!("{source} {id}").chars().take(300).collect())
}

pub(super) fn read(message: &Message<'_>) -> Result<Told, String> {
    let at = if message.json.pointer("/data/context").is_some() { "/data" } else { "" };
    let text = |pointer: &str| message.text(&format!("{at}{pointer}"));
    let kind = text("/context/type").or_else(|| message.header("ce-type"));
    let kind = kind.ok_or("there is no `context.type`, so it is no CDEvent")?;
    let mut words =
        kind.strip_prefix("dev.cdevents.").ok_or_else(|| format!("`{kind}` is no CDEvent"))?.split('.');
    let (subject, predicate) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let about = text("/subject/id").ok_or("there is no `subject.id`")?;
    let result = text("/subject/content/outcome").and_then(|it| outcome(&it));
    let url = text("/subject/content/url").or_else(|| text("/subject/content/uri"));
    let report = match (subject, predicate) {
        ("build", "finished") => {
            let package = text("/subject/content/artifactId").as_deref().and_then(package);
            let package = package.unwrap_or_default();
            Report {
                name: about,
                artifact: package.digest,
                version: package.version,
                ..Report::of(Deed::BuildFinished)
            }
        }
        ("pipelinerun", "finished") => {
            let name = text("/subject/content/pipelineName").unwrap_or(about);
            Report { name, ..Report::of(Deed::BuildFinished) }
        }
        ("artifact", "packaged" | "published") => {
            let package = package(&about).unwrap_or(Package { name: about, ..Package::default() });
            Report {
                name: package.name,
                artifact: package.digest,
                version: package.version,
                repository: message.repository(&[&format!("{at}/subject/content/change/source")]),
                commit: message.commit(&[&format!("{at}/subject/content/change/id")]),
                ..Report::of(Deed::ArtifactPublished)
            }
        }
        // As it was called until 0.3, and since.
        ("testsuite" | "testsuiterun", "finished") => {
            let name =
                text("/subject/content/testSuite/name").or_else(|| text("/subject/content/testSuite/id"));
            Report { name: name.unwrap_or(about), ..Report::of(Deed::TestsFinished) }
        }
        ("change", "merged") => {
            let part = |name: &str| text(&format!("/subject/content/repository/{name}"));
            let repository = part("source").zip(part("id")).map(|(source, id)| format!("{source}/{id}"));
            Report {
                name: about.clone(),
                repository: repository.and_then(|it| super::message::repository(&it)),
                commit: super::message::commit(&about),
                ..Report::of(Deed::CommitsPushed)
            }
        }
        _ => return Ok(Told::nothing(format!("of `{subject}.{predicate}` nothing is taken up"))),
    };
    Ok(Told::one(Report { result, url, ..report }))
}

/// Pipelines say `success`, tests `pass`; both may end otherwise.
fn outcome(word: &str) -> Option<CiResult> {
    match word {
        "success" | "pass" => Some(CiResult::Passed),
        "failure" | "fail" | "error" => Some(CiResult::Failed),
        "cancel" | "abort" => Some(CiResult::Cancelled),
        _ => None,
    }
}

#[derive(Debug, Default)]
struct Package {
    name: String,
    version: Option<Version>,
    digest: Option<Digest>,
}

/// A package URL with a digest as its version, as of OCI, or as its checksum, as Shipway's own.
fn package(purl: &str) -> Option<Package> {
    let url: PackageUrl<'_> = purl.parse().ok()?;
    let of_version = url.version().and_then(|it| it.parse().ok());
    let checksums = url.qualifiers().get("checksum").map_or("", |it| &**it);
    let digest = of_version.or_else(|| checksums.split(',').find_map(|it| it.trim().parse().ok()));
    let number = url.version().filter(|_| of_version.is_none()).and_then(version);
    Some(Package { name: url.name().to_owned(), version: number, digest })
}
