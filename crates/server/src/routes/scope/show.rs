//! Showing what a release is meant to bring.

use shipway_api::operations::scope::ShowScope;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowScope>) -> Outcome<ShowScope> {
    let state = it.state();
    let planned = super::planned(&state, &it.path.release)?;
    super::shown(&state, &planned, it.now())
}
