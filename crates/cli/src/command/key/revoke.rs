//! `shipway key revoke`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::key::{KeyPath, Revocation, RevokeKey};
use shipway_model::Digest;

use super::list::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Revoke a key: nothing that it signs from now on counts
///
/// With --since, what it signed from then on falls too, and rollouts under way on it hold. A revoked key never comes back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway key revoke sha256:6d2f0b5a9c1e4f7788a1b2c3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8 --reason \"a new laptop\"
  shipway key revoke sha256:6d2f0b5a9c1e4f7788a1b2c3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8 --since 2026-03-13T18:00:00Z --reason \"the laptop was stolen\"")]
pub(crate) struct Revoke {
    /// As `shipway key list` shows it
    key: Digest,
    /// From when on it may have been in other hands
    #[arg(long, value_name = "INSTANT")]
    since: Option<Timestamp>,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Revoke {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let (path, request) =
            (KeyPath { key: self.key }, Revocation { since: self.since, reason: self.reason });
        let view = once(connect(connection)?.call::<RevokeKey>(path, (), request)).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
