//! GitLab's webhooks: pipelines and jobs that ended, pushes, tags, releases.

use shipway_model::ci::{CiResult, Deed, Report};
use shipway_model::source::Ref;

use super::Told;
use super::message::{Message, reference, version};

/// GitLab keeps `Idempotency-Key` when it sends a message again; earlier releases have the event's id alone.
pub(super) fn id(message: &Message<'_>) -> Option<String> {
    ["idempotency-key", "x-gitlab-event-uuid"].into_iter().find_map(|it| message.header(it))
}

pub(super) fn read(message: &Message<'_>) -> Result<Told, String> {
    let kind = message.text("/object_kind").ok_or("there is no `object_kind`")?;
    let told = match &*kind {
        "pipeline" => pipeline(message),
        "build" => job(message),
        "push" | "tag_push" => pushed(message),
        "release" => released(message),
        kind => Told::nothing(format!("of `{kind}` nothing is taken up")),
    };
    Ok(told)
}

fn base(message: &Message<'_>, deed: Deed) -> Report {
    let repository =
        message.repository(&["/project/web_url", "/repository/homepage", "/repository/git_http_url"]);
    Report { repository, ..Report::of(deed) }
}

/// None while it goes on.
fn status(word: &str) -> Option<CiResult> {
    match word {
        "success" => Some(CiResult::Passed),
        "failed" => Some(CiResult::Failed),
        "canceled" | "skipped" => Some(CiResult::Cancelled),
        _ => None,
    }
}

fn on(name: Option<String>, is_tag: bool) -> Option<Ref> {
    name.map(|name| if is_tag { Ref::Tag(name) } else { Ref::Branch(name) })
}

fn pipeline(message: &Message<'_>) -> Told {
    let word = message.text("/object_attributes/status").unwrap_or_default();
    let Some(result) = status(&word) else {
        return Told::nothing(format!("the pipeline is `{word}`, so it has not ended"));
    };
    let is_tag = message.json.pointer("/object_attributes/tag").and_then(serde_json::Value::as_bool);
    Told::one(Report {
        name: message.text("/object_attributes/name").unwrap_or_else(|| "pipeline".to_owned()),
        result: Some(result),
        reference: on(message.text("/object_attributes/ref"), is_tag == Some(true)),
        commit: message.commit(&["/object_attributes/sha", "/commit/id"]),
        url: message.text("/object_attributes/url"),
        ..base(message, Deed::BuildFinished)
    })
}

/// A job of a stage that is called after tests runs tests; of any other, GitLab does not say what it does.
fn job(message: &Message<'_>) -> Told {
    let word = message.text("/build_status").unwrap_or_default();
    let Some(result) = status(&word) else {
        return Told::nothing(format!("the job is `{word}`, so it has not ended"));
    };
    let stage = message.text("/build_stage").unwrap_or_default();
    if !stage.to_lowercase().contains("test") {
        return Told::nothing(format!(
            "the job is of the stage `{stage}`; its pipeline's end is what counts"
        ));
    }
    let is_tag = message.json.pointer("/tag").and_then(serde_json::Value::as_bool);
    Told::one(Report {
        name: message.text("/build_name").unwrap_or_default(),
        result: Some(result),
        reference: on(message.text("/ref"), is_tag == Some(true)),
        commit: message.commit(&["/sha"]),
        ..base(message, Deed::TestsFinished)
    })
}

fn pushed(message: &Message<'_>) -> Told {
    let Some(commit) = message.commit(&["/checkout_sha", "/after"]) else {
        return Told::nothing("a branch or tag was deleted, of which nothing is taken up");
    };
    let reference = message.text("/ref").and_then(|it| reference(&it));
    Told::one(Report { reference, commit: Some(commit), ..base(message, Deed::CommitsPushed) })
}

/// GitLab tells no digests of what a release links to.
fn released(message: &Message<'_>) -> Told {
    let action = message.text("/action").unwrap_or_default();
    if action != "create" {
        return Told::nothing(format!("of a release, action `{action}`, nothing is taken up"));
    }
    let tag = message.text("/tag");
    Told::one(Report {
        name: message.text("/name").unwrap_or_default(),
        version: tag.as_deref().and_then(version),
        reference: tag.map(Ref::Tag),
        commit: message.commit(&["/commit/id"]),
        url: message.text("/url"),
        ..base(message, Deed::ArtifactPublished)
    })
}
