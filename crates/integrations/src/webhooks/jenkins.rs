//! What Jenkins' plugin `notification` sends in the format JSON. It tells each build in several phases; the last one,
//! `FINALIZED`, has the results of the tests.

use shipway_model::ci::{CiResult, Deed, Report, TestCount};
use shipway_model::source::Ref;

use super::Told;
use super::message::Message;

pub(super) fn id(message: &Message<'_>) -> Option<String> {
    let build = message.text("/build/full_url").or_else(|| message.text("/build/url"))?;
    Some(format!("{build} {}", message.text("/build/phase")?))
}

pub(super) fn read(message: &Message<'_>) -> Result<Told, String> {
    let phase = message.text("/build/phase").ok_or("there is no `build.phase`")?;
    if phase != "FINALIZED" {
        return Ok(Told::nothing(format!("the build is in the phase `{phase}`; what counts is `FINALIZED`")));
    }
    let build = Report {
        name: message.text("/display_name").or_else(|| message.text("/name")).unwrap_or_default(),
        result: message.text("/build/status").and_then(|it| status(&it)),
        repository: message.repository(&["/build/scm/url"]),
        // As it is called in the checkout.
        reference: message
            .text("/build/scm/branch")
            .map(|it| Ref::Branch(it.strip_prefix("origin/").map_or(it.clone(), str::to_owned))),
        commit: message.commit(&["/build/scm/commit"]),
        url: message.text("/build/full_url"),
        ..Report::of(Deed::BuildFinished)
    };
    let mut told = Told::one(build.clone());
    let count = |name: &str| message.count(&format!("/build/test_summary/{name}"));
    match (count("total"), count("failed")) {
        (Some(total), Some(failed)) => {
            let (passed, skipped) = (count("passed").unwrap_or(0), count("skipped").unwrap_or(0));
            told.reports.push(Report {
                deed: Deed::TestsFinished,
                result: Some(if failed > 0 { CiResult::Failed } else { CiResult::Passed }),
                tests: Some(TestCount { total, passed, failed, skipped }),
                ..build
            });
        }
        _ => told.passed_over.push("the build published no results of tests".to_owned()),
    }
    Ok(told)
}

/// `UNSTABLE` is a build that was made and whose tests failed.
fn status(word: &str) -> Option<CiResult> {
    match word {
        "SUCCESS" | "UNSTABLE" => Some(CiResult::Passed),
        "FAILURE" => Some(CiResult::Failed),
        "ABORTED" | "NOT_BUILT" => Some(CiResult::Cancelled),
        _ => None,
    }
}
