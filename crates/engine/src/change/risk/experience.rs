//! How well those who wrote a release know what they touched.

use std::collections::BTreeSet;

use shipway_model::access::Commit;
use shipway_model::event::End;
use shipway_model::plan::Plan;
use shipway_model::release::{Bundle, Touches};

use super::{Share, count, plural};
use crate::{Release, State};

/// 1000 / (1 + n) for each author, n being the earlier releases of theirs that touched the same files and were shipped well;
/// the mean over the authors. Where files are not told, those of the same services count. 600 where nobody said who wrote it.
pub(super) fn share(state: &State, plan: &Plan, bundle: &Bundle) -> Share {
    let Some(release) = state.releases.get(plan.release.id).filter(|it| !it.commits.is_empty()) else {
        return (600, "nobody said who wrote it".to_owned());
    };
    let authors = authors(state, &release.commits);
    let earlier: Vec<BTreeSet<String>> = state
        .rollouts
        .summaries
        .values()
        .filter(|it| it.fallback.is_none() && matches!(it.end, Some(End::Succeeded { .. })))
        .map(|it| it.release.id)
        .filter(|id| *id != plan.release.id)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter_map(|id| state.releases.get(id))
        .filter(|it| is_akin(it, bundle))
        .map(|it| self::authors(state, &it.commits))
        .collect();
    let known = |author: &String| count(earlier.iter().filter(|it| it.contains(author)).count());
    let sum: u32 = authors.iter().map(|it| 1000 / known(it).saturating_add(1)).sum();
    let n_new = authors.iter().filter(|it| known(it) == 0).count();
    let what = if bundle.touches.is_some() { "these files" } else { "these services" };
    let n = authors.len();
    let why = match n_new {
        0 => format!("all of its {n} {} have shipped {what} before", plural(n, "author")),
        _ => format!("of its {n} {}, {n_new} never shipped {what} before", plural(n, "author")),
    };
    (sum / count(n).max(1), why)
}

fn is_akin(earlier: &Release, bundle: &Bundle) -> bool {
    let files = |it: &Touches| it.files.keys().cloned().collect::<BTreeSet<_>>();
    match (&earlier.bundle.touches, &bundle.touches) {
        (Some(then), Some(now)) => !files(then).is_disjoint(&files(now)),
        _ => earlier.bundle.parts.keys().any(|it| bundle.parts.contains_key(it)),
    }
}

/// One name for each person, whichever address they wrote under.
fn authors(state: &State, commits: &[Commit]) -> BTreeSet<String> {
    let addresses = commits.iter().flat_map(|it| std::iter::once(&it.author).chain(&it.co_authors));
    let person = |address: &String| match state.access.people.of_email(address) {
        Some(name) => name.to_string(),
        None => address.to_lowercase(),
    };
    addresses.map(person).collect()
}
