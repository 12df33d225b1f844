//! `shipway release scope defer`

use clap::Args;
use shipway_api::operations::scope::{DeferScopeItem, ItemPath};
use shipway_api::selector::ReleaseSelector;
use shipway_model::Name;
use shipway_model::scope::{Destination, Planned};

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Move something out of a release, with the reason and where it goes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release scope defer shop@1.3.0 shop-412 --to shop@1.4.0 --reason \"not tested in time\"
  shipway release scope defer shop@1.3.0 shop-412 --to summer-2026 --reason \"it needs the new database\"")]
pub(crate) struct Defer {
    /// NAME@VERSION
    release: ReleaseSelector,
    item: Name,
    /// A later release as NAME@VERSION, or the name of a maintenance cycle
    #[arg(long, value_name = "RELEASE|CYCLE", value_parser = parse_destination)]
    to: Destination,
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Defer {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ItemPath { release: self.release, item: self.item };
        let defer = shipway_api::operations::scope::Defer { to: self.to, reason: self.reason };
        let view = once(connect(connection)?.call::<DeferScopeItem>(path, (), defer)).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn parse_destination(text: &str) -> Result<Destination, String> {
    match text.split_once('@') {
        Some((name, version)) => {
            let name = name.parse().map_err(|error| format!("{error}"))?;
            let version = version.parse().map_err(|error| format!("{error}"))?;
            Ok(Destination::Release(Planned { name, version }))
        }
        None => Ok(Destination::Cycle(text.parse().map_err(|error| format!("{error}"))?)),
    }
}
