//! `shipway release seal`

use clap::Args;
use shipway_api::operations::release::{ReleasePath, SealRelease};
use shipway_api::selector::ReleaseSelector;

use super::show::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Bind everything in a release under one digest; nothing in it changes afterwards
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release seal shop@1.2.0")]
pub(crate) struct Seal {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[command(flatten)]
    output: OutputArgs,
}

impl Seal {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = ReleasePath { release: self.release };
        let view = once(client.call::<SealRelease>(path, (), ())).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
