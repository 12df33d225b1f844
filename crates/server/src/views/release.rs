//! Releases and what differs between them.

use shipway_api::view::ReleaseView;
use shipway_api::view::release::{AcceptanceView, ReleaseChange, ReleaseDiff, ReleasePart, Seal};
use shipway_engine::Release;
use shipway_model::Digest;
use shipway_model::release::{Document, Part};

pub(crate) fn view(release: &Release) -> ReleaseView {
    let seal = match &release.sealed {
        Some(it) => Seal::Sealed { digest: it.digest, at: it.at, by: it.by.clone() },
        None => Seal::Open {},
    };
    let accepted = release.accepted.iter();
    let accepted = accepted.map(|it| AcceptanceView { by: it.by.clone(), at: it.at, note: it.note.clone() });
    ReleaseView {
        id: release.id,
        bundle: release.bundle.clone(),
        seal,
        accepted: accepted.collect(),
        sources: release.sources.clone(),
        consumers: release.consumers.clone(),
    }
}

/// What `to` has otherwise than `from`.
pub(crate) fn diff(from: &Release, to: &Release) -> ReleaseDiff {
    let (old, new) = (&from.bundle, &to.bundle);
    let services = old.parts.keys().chain(new.parts.keys().filter(|it| !old.parts.contains_key(*it)));
    let services = services.map(|name| ReleaseChange {
        what: name.to_string(),
        from: old.parts.get(name).map(part),
        to: new.parts.get(name).map(part),
    });
    let documents =
        old.documents.keys().chain(new.documents.keys().filter(|it| !old.documents.contains_key(it)));
    let documents = documents.map(|name| ReleaseChange {
        what: format!("documents/{}", word(*name)),
        from: old.documents.get(name).map(document),
        to: new.documents.get(name).map(document),
    });
    let changes = services.chain(documents).filter(|it| it.from != it.to).collect();
    ReleaseDiff { from: from.id, to: to.id, changes }
}

fn part(part: &Part) -> ReleasePart {
    ReleasePart {
        version: part.version.to_string(),
        digest: part.artifact,
        configuration: part.configuration,
        variants: part.variants.clone(),
    }
}

fn document(digest: &Digest) -> ReleasePart {
    ReleasePart { version: String::new(), digest: *digest, configuration: None, variants: Default::default() }
}

fn word(document: Document) -> &'static str {
    match document {
        Document::Runbook => "runbook",
        Document::Notes => "notes",
        Document::RollbackPackage => "rollback-package",
        Document::Migrations => "migrations",
        Document::Flags => "flags",
    }
}
