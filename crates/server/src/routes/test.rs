//! Tests over time.

use jiff::Timestamp;
use shipway_api::operations::test::{BeginQuarantine, EndQuarantine, ListQuarantines, ListTests};
use shipway_api::view::test::QuarantineView;
use shipway_engine::{Attached, Isolation, State};
use shipway_model::evidence::{Kind, Tests};
use shipway_model::{Name, QuarantineId};

use crate::app::App;
use crate::problem::Failure;
use crate::router::Routes;

mod begin;
mod end;
mod history;
mod list;

/// Reports that are read for one answer, the newest ones.
const REPORTS_MAX: usize = 500;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListTests, _, _>(history::handle)
        .add::<BeginQuarantine, _, _>(begin::handle)
        .add::<ListQuarantines, _, _>(list::handle)
        .add::<EndQuarantine, _, _>(end::handle)
}

fn view(it: &Isolation, now: Timestamp) -> QuarantineView {
    QuarantineView {
        id: it.id,
        quarantine: it.quarantine.clone(),
        standing: it.standing(now).to_owned(),
        by: it.by.clone(),
        since: it.since,
        ended_by: it.ended.as_ref().map(|it| it.0.clone()),
        hides: None,
    }
}

/// One that was just decided about.
fn shown(state: &State, id: QuarantineId, now: Timestamp) -> QuarantineView {
    view(state.quarantines.get(id).expect("what was decided about is known"), now)
}

/// A report of tests, and the code that it is about.
struct Report {
    attached: Attached,
    code: String,
    tests: Tests,
}

/// The newest reports about builds of a service, the earliest first, and how many older ones there are.
async fn reports(app: &App, found: Vec<(Attached, String)>) -> Result<(Vec<Report>, usize), Failure> {
    let not_read = found.len().saturating_sub(REPORTS_MAX);
    let mut reports = Vec::new();
    for (attached, code) in found.into_iter().skip(not_read) {
        let Some(digest) = attached.evidence.normal else { continue };
        if let Some(tests) = app.gates.normal(&digest).await?.tests {
            reports.push(Report { attached, code, tests });
        }
    }
    Ok((reports, not_read))
}

/// The reports about builds of a service, each with the commits that the builds were made from, or their digests.
fn attached(state: &State, service: &Name) -> Vec<(Attached, String)> {
    let mut found = Vec::new();
    for it in state.evidence.iter().filter(|it| it.evidence.kinds.contains(&Kind::Tests)) {
        let builds = it.evidence.subject.iter().flat_map(|digest| state.artifacts.with_digest(digest));
        let own: Vec<_> = builds.filter(|it| it.artifact.service == *service).collect();
        let code = |it: &&shipway_engine::Registered| match it.artifact.commit.as_str() {
            "" => it.artifact.digest.to_string(),
            commit => commit.to_owned(),
        };
        if !own.is_empty() {
            let codes: Vec<String> = own.iter().map(code).collect();
            found.push((it.clone(), codes.join(" ")));
        }
    }
    found.sort_by_key(|(it, _)| (it.at, it.id));
    found
}
