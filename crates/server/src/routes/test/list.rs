//! Listing what is set aside, and what that hides.

use std::collections::BTreeMap;

use shipway_api::operations::test::ListQuarantines;
use shipway_api::view::test::{HiddenView, QuarantineView};
use shipway_engine::Isolation;
use shipway_model::Name;
use shipway_model::evidence::CaseResult;

use super::Report;
use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListQuarantines>) -> Outcome<ListQuarantines> {
    let now = it.now();
    let (wanted, found) = {
        let state = it.state();
        let is_wanted = |isolation: &&Isolation| {
            it.query.service.as_ref().is_none_or(|service| isolation.quarantine.service == *service)
                && (it.query.all || isolation.is_in_force(now))
        };
        let mut wanted: Vec<Isolation> = state.quarantines.iter().filter(is_wanted).cloned().collect();
        wanted.sort_by_key(|it| (it.quarantine.until, it.id));
        let services = wanted.iter().map(|it| it.quarantine.service.clone());
        let found: BTreeMap<Name, _> =
            services.map(|service| (service.clone(), super::attached(&state, &service))).collect();
        (wanted, found)
    };
    let mut reports = BTreeMap::new();
    for (service, found) in found {
        reports.insert(service, super::reports(&it.app, found).await?.0);
    }
    let of = |isolation: &Isolation| {
        let reports = reports.get(&isolation.quarantine.service).map_or(&[][..], Vec::as_slice);
        QuarantineView { hides: Some(hidden(isolation, reports)), ..super::view(isolation, now) }
    };
    Ok(views::page::whole(wanted.iter().map(of).collect()))
}

/// Results in reports that came while it held.
fn hidden(isolation: &Isolation, reports: &[Report]) -> HiddenView {
    let mut view = HiddenView::default();
    let end = isolation.ended.as_ref().map_or(isolation.quarantine.until, |it| it.1);
    for report in reports.iter().filter(|it| it.attached.at >= isolation.since && it.attached.at < end) {
        for case in report.tests.cases.iter().filter(|it| isolation.quarantine.covers(it)) {
            match case.result {
                CaseResult::Passed => view.passed += 1,
                CaseResult::Failed | CaseResult::Error => view.failed += 1,
                CaseResult::Skipped => {}
            }
            view.last = Some(case.result);
            view.evidence = Some(report.attached.id);
        }
    }
    view
}
