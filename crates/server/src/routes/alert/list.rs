//! Listing alerts.

use shipway_api::operations::alert::ListAlerts;
use shipway_engine::alert::{Received, environment_of, service_of};

use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListAlerts>) -> Outcome<ListAlerts> {
    let (state, query) = (it.state(), &it.query);
    let sight = it.sight(&state);
    let is_wanted = |found: &&Received| {
        let is_of = |wanted: &Option<_>, named: Option<_>| wanted.is_none() || *wanted == named;
        query.firing.is_none_or(|it| it == found.ended_at.is_none())
            && is_of(&query.service, service_of(&state, &found.alert))
            && is_of(&query.environment, environment_of(&state, &found.alert))
            && sight.alert(found.id)
    };
    let cut = Cut::new(query.cursor.as_deref(), query.limit);
    // Ids grow with time.
    let latest_first = state.alerts.iter().rev().filter(is_wanted);
    cut.page(latest_first, |it| it.id.to_string(), |it| super::view(&state, it))
}
