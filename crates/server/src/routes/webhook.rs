//! What CI systems tell.

use std::collections::BTreeSet;

use shipway_api::operations::webhook::{HearCi, ListCiReports};
use shipway_api::view::webhook::{BuildName, CiReportView};
use shipway_engine::ci::{Message, builds};
use shipway_engine::{Registered, State};
use shipway_model::Name;

use crate::router::Routes;

mod hear;
mod list;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<HearCi, _, _>(hear::handle).add::<ListCiReports, _, _>(list::handle)
}

fn views<'a>(
    state: &'a State,
    webhook: &'a Name,
    message: &'a Message,
) -> impl Iterator<Item = CiReportView> + 'a {
    message.delivery.reports.iter().map(move |report| CiReportView {
        webhook: webhook.clone(),
        delivery: message.delivery.id.clone(),
        at: message.at,
        report: report.clone(),
        builds: builds(state, report).into_iter().map(build).collect::<BTreeSet<_>>(),
    })
}

fn build(it: &Registered) -> BuildName {
    BuildName { service: it.artifact.service.clone(), version: it.artifact.version.clone() }
}
