//! Showing who the caller is taken for.

use shipway_api::operations::token::WhoAmI;
use shipway_api::view::token::Identity;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<WhoAmI>) -> Outcome<WhoAmI> {
    Ok(Identity { name: it.caller.name, role: it.caller.role })
}
