//! Revoking a token.

use shipway_api::operations::token::RevokeToken;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RevokeToken>) -> Outcome<RevokeToken> {
    it.submit(Command::RevokeToken { id: it.path.token }).await?;
    Ok(())
}
