//! `shipway release scope freeze`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::release::ReleasePath;
use shipway_api::operations::scope::{FreezeAt, FreezeScope};
use shipway_api::selector::ReleaseSelector;

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Say from when on nothing comes into a release but by exception
///
/// The date can be moved until it has come. The release need not be there yet.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release scope freeze shop@1.3.0 --at 2026-04-01T00:00:00Z")]
pub(crate) struct Freeze {
    /// NAME@VERSION
    release: ReleaseSelector,
    #[arg(long, value_name = "INSTANT")]
    at: Timestamp,
    #[command(flatten)]
    output: OutputArgs,
}

impl Freeze {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let (path, freeze) = (ReleasePath { release: self.release }, FreezeAt { at: self.at });
        let view = once(connect(connection)?.call::<FreezeScope>(path, (), freeze)).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
