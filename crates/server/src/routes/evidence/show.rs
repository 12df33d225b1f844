//! Showing evidence.

use shipway_api::Code;
use shipway_api::operations::evidence::ShowEvidence;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<ShowEvidence>) -> Outcome<ShowEvidence> {
    let (state, id) = (it.state(), it.path.evidence);
    state.evidence.get(id).map(super::view).ok_or_else(|| {
        Failure::new(Code::UnknownEvidence, format!("there is no evidence {id}"))
            .hint("`shipway evidence list` shows what there is")
    })
}
