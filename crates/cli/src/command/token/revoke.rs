//! `shipway token revoke`

use clap::Args;
use shipway_api::operations::token::{RevokeToken, TokenPath};
use shipway_model::TokenId;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output;
use crate::settings::ConnectionArgs;

/// Make a token worthless, at once and for ever
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway token revoke tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Revoke {
    /// Its id, as `shipway token list` shows it
    id: TokenId,
}

impl Revoke {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        connect(connection)?.call::<RevokeToken>(TokenPath { token: self.id }, (), ()).await?;
        output::print(&format!("revoked {}\n", self.id));
        Ok(Exit::Ok)
    }
}
