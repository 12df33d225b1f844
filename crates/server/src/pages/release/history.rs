//! What has happened to a release, the latest first.

use jiff::Timestamp;
use shipway_engine::{Attached, Release, State};
use shipway_model::event::End;

use crate::pages::moment::{Clock, Moment};

/// What is older is in the ledger.
const ENTRIES_MAX: usize = 30;

pub(super) struct Entry {
    pub(super) at: Moment,
    pub(super) by: String,
    pub(super) what: String,
    pub(super) path: Option<String>,
}

pub(super) fn of(state: &State, release: &Release, evidence: &[&Attached], clock: &Clock) -> Vec<Entry> {
    let mut found: Vec<(Timestamp, String, String, Option<String>)> = Vec::new();
    found.push((release.created, release.created_by.clone(), "was put together".to_owned(), None));
    if let Some(sealed) = &release.sealed {
        found.push((sealed.at, sealed.by.clone(), "was sealed".to_owned(), None));
    }
    for it in evidence {
        found.push((it.at, it.by.clone(), format!("evidence: {}", it.evidence.format), None));
    }
    for it in state.rollouts.summaries.values().filter(|it| it.release.id == release.id) {
        let (path, place) = (format!("/rollouts/{}", it.id), &it.environment);
        let asked = format!("rollout into {place} asked for");
        found.push((it.queued, it.requested_by.clone(), asked, Some(path.clone())));
        if let (Some(at), Some(end)) = (it.ended, &it.end) {
            let word = match end {
                End::Succeeded { .. } => "arrived in",
                End::RolledBack {} => "was taken back from",
                End::Aborted { .. } => "was stopped on its way into",
                End::Cancelled { .. } => "was cancelled before",
            };
            found.push((at, String::new(), format!("{word} {place}"), Some(path)));
        }
        let Some(case) = state.changes.of(it.id) else { continue };
        for word in &case.words {
            let said = word.approval.statement.decision.as_str();
            let path = format!("/changes/{}", case.id);
            found.push((word.at, word.by.clone(), format!("{said} for {place}"), Some(path)));
        }
    }
    found.sort_by_key(|it| std::cmp::Reverse(it.0));
    let entry = |(at, by, what, path)| Entry { at: clock.moment(at), by, what, path };
    found.into_iter().take(ENTRIES_MAX).map(entry).collect()
}
