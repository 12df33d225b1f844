//! What the attached reports tell of each test.

use shipway_api::Code;
use shipway_api::operations::test::ListTests;
use shipway_api::view::test::{HistoryItem, HistoryView};
use shipway_engine::Isolation;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

/// The share of disagreeing runs that is put up with when nobody says another.
const RATE: f64 = 0.01;

pub(super) async fn handle(it: Incoming<ListTests>) -> Outcome<ListTests> {
    let service = &it.query.service;
    let (rate, confidence) = (it.query.rate.unwrap_or(RATE), it.query.confidence.unwrap_or(0.0));
    if !(0.0..=1.0).contains(&rate) || !(0.0..=1.0).contains(&confidence) {
        return Err(Failure::new(Code::InvalidRequest, "`rate` and `confidence` are shares from 0 to 1"));
    }
    let (found, held) = {
        let state = it.state();
        if state.catalogue.service(service).is_none() {
            return Err(Failure::new(Code::UnknownService, format!("there is no service {service}"))
                .hint("`shipway get services` shows those there are"));
        }
        let now = it.now();
        let of_service = |it: &&Isolation| it.quarantine.service == *service && it.is_in_force(now);
        let held: Vec<Isolation> = state.quarantines.iter().filter(of_service).cloned().collect();
        (super::attached(&state, service), held)
    };
    let (reports, not_read) = super::reports(&it.app, found).await?;
    let runs: Vec<_> = reports.into_iter().map(|it| (it.code, it.attached.at, it.tests)).collect();
    let (n_reports, historian) = (runs.len(), it.app.test_histories);
    let telling = tokio::task::spawn_blocking(move || historian(&runs, rate));
    let histories = telling.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()));
    let mut tests: Vec<HistoryItem> = histories
        .into_iter()
        .filter(|it| it.confidence >= confidence)
        .map(|history| {
            let holds = |it: &&Isolation| {
                let known = &it.quarantine;
                known.test == history.test && known.suite.as_ref().is_none_or(|it| *it == history.suite)
            };
            HistoryItem { quarantine: held.iter().find(holds).map(|it| it.id), history }
        })
        .collect();
    tests.sort_by(|a, b| {
        let (a, b) = (&a.history, &b.history);
        b.confidence
            .total_cmp(&a.confidence)
            .then_with(|| b.disagreeing.cmp(&a.disagreeing))
            .then_with(|| (&a.suite, &a.test).cmp(&(&b.suite, &b.test)))
    });
    Ok(HistoryView { service: service.clone(), reports: n_reports, not_read, tests })
}
