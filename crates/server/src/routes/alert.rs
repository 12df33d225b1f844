//! Alerts from outside.

use shipway_api::operations::alert::{ListAlerts, ReceiveAlerts, SetMarker, ShowAlert};
use shipway_api::view::alert::AlertView;
use shipway_engine::State;
use shipway_engine::alert::{Received, environment_of, service_of};
use shipway_model::alert::HORIZON;

use crate::router::Routes;

mod list;
mod mark;
mod receive;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ReceiveAlerts, _, _>(receive::handle)
        .add::<SetMarker, _, _>(mark::handle)
        .add::<ListAlerts, _, _>(list::handle)
        .add::<ShowAlert, _, _>(show::handle)
}

fn view(state: &State, it: &Received) -> AlertView {
    AlertView {
        id: it.id,
        alert: it.alert.clone(),
        service: service_of(state, &it.alert),
        environment: environment_of(state, &it.alert),
        at: it.at,
        by: it.by.clone(),
        ended_at: it.ended_at,
        horizon: HORIZON,
        suspects: it.suspects.clone(),
    }
}
