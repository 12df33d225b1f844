//! GitHub's webhooks: workflows and checks that completed, pushes, releases with their files, packages.

use serde_json::Value;
use shipway_model::ci::{CiResult, Deed, Report};
use shipway_model::source::Ref;

use super::Told;
use super::message::{Message, commit, reference, text, version};

pub(super) fn id(message: &Message<'_>) -> Option<String> {
    message.header("x-github-delivery")
}

pub(super) fn read(message: &Message<'_>) -> Result<Told, String> {
    let event = message.header("x-github-event").ok_or("there is no `X-GitHub-Event`")?;
    let action = message.text("/action").unwrap_or_default();
    let told = match (&*event, &*action) {
        ("workflow_run", "completed") => {
            Told::one(run(message, Deed::BuildFinished, "/workflow_run", "/name"))
        }
        ("check_suite", "completed") => {
            Told::one(run(message, Deed::TestsFinished, "/check_suite", "/app/name"))
        }
        ("push", _) => pushed(message),
        ("release", "published") => released(message),
        ("registry_package" | "package", "published" | "updated") => {
            packaged(message, if event == "package" { "/package" } else { "/registry_package" })
        }
        ("ping", _) => Told::nothing("a ping tells that the webhook is set up, and nothing else"),
        (event, "") => Told::nothing(format!("of `{event}` nothing is taken up")),
        (event, action) => Told::nothing(format!("of `{event}`, action `{action}`, nothing is taken up")),
    };
    Ok(told)
}

fn base(message: &Message<'_>, deed: Deed) -> Report {
    Report {
        repository: message.repository(&["/repository/html_url", "/repository/clone_url"]),
        ..Report::of(deed)
    }
}

fn run(message: &Message<'_>, deed: Deed, at: &str, name: &str) -> Report {
    let text = |pointer: &str| message.text(&format!("{at}{pointer}"));
    Report {
        name: text(name).unwrap_or_default(),
        result: text("/conclusion").and_then(|it| conclusion(&it)),
        reference: text("/head_branch").map(Ref::Branch),
        commit: message.commit(&[&format!("{at}/head_sha")]),
        url: text("/html_url").or_else(|| text("/url")),
        ..base(message, deed)
    }
}

/// `neutral`, `stale` and `action_required` are no result.
fn conclusion(word: &str) -> Option<CiResult> {
    match word {
        "success" => Some(CiResult::Passed),
        "failure" | "timed_out" | "startup_failure" => Some(CiResult::Failed),
        "cancelled" | "skipped" => Some(CiResult::Cancelled),
        _ => None,
    }
}

fn pushed(message: &Message<'_>) -> Told {
    let Some(commit) = message.commit(&["/after"]) else {
        return Told::nothing("a branch or tag was deleted, of which nothing is taken up");
    };
    let reference = message.text("/ref").and_then(|it| reference(&it));
    let url = message.text("/compare");
    Told::one(Report { reference, commit: Some(commit), url, ..base(message, Deed::CommitsPushed) })
}

/// Each file of a release; GitHub tells their digests since June 2025.
fn released(message: &Message<'_>) -> Told {
    let tag = message.text("/release/tag_name");
    let base = Report {
        version: tag.as_deref().and_then(version),
        reference: tag.map(Ref::Tag),
        commit: message.text("/release/target_commitish").and_then(|it| commit(&it)),
        ..base(message, Deed::ArtifactPublished)
    };
    let files = message.json.pointer("/release/assets").and_then(Value::as_array);
    let reports = files.into_iter().flatten().map(|file| Report {
        name: text(&file["name"]).unwrap_or_default(),
        artifact: text(&file["digest"]).and_then(|it| it.parse().ok()),
        url: text(&file["browser_download_url"]),
        ..base.clone()
    });
    let reports: Vec<Report> = reports.collect();
    match reports.is_empty() {
        true => Told::nothing("the release has no files, so nothing was published with it"),
        false => Told { reports, passed_over: Vec::new() },
    }
}

fn packaged(message: &Message<'_>, at: &str) -> Told {
    let text = |pointer: &str| message.text(&format!("{at}{pointer}"));
    let tag = text("/package_version/container_metadata/tag/name");
    let digests = [text("/package_version/container_metadata/tag/digest"), text("/package_version/version")];
    Told::one(Report {
        name: text("/name").unwrap_or_default(),
        artifact: digests.into_iter().flatten().find_map(|it| it.parse().ok()),
        version: tag.or_else(|| text("/package_version/version")).as_deref().and_then(version),
        commit: message.commit(&[
            &format!("{at}/package_version/target_oid"),
            &format!("{at}/package_version/target_commitish"),
        ]),
        url: text("/package_version/html_url").or_else(|| text("/html_url")),
        ..base(message, Deed::ArtifactPublished)
    })
}
