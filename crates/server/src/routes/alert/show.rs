//! Showing an alert.

use shipway_api::Code;
use shipway_api::operations::alert::ShowAlert;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<ShowAlert>) -> Outcome<ShowAlert> {
    let (state, id) = (it.state(), it.path.alert);
    state.alerts.get(id).map(|found| super::view(&state, found)).ok_or_else(|| {
        Failure::new(Code::UnknownAlert, format!("there is no alert {id}"))
            .hint("`shipway alert list` shows what was told")
    })
}
