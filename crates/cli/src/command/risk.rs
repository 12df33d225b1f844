//! `shipway risk`

use clap::{Args, Subcommand};

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod outcomes;
mod refit;
mod show;

pub(crate) use show::render;

/// Say how risky shipping a release would be, and why; see how well that was told before
///
/// The points of the factors add up to the score. What nobody said is never taken for harmless.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  shipway risk shop@1.2.0 --env production
  shipway risk shop@1.2.0 --env production -o json
  shipway risk refit --since 2026-01-01T00:00:00Z"
)]
pub(crate) struct Risk {
    #[command(subcommand)]
    of_the_past: Option<Past>,
    #[command(flatten)]
    show: Option<show::Show>,
}

#[derive(Debug, Subcommand)]
enum Past {
    Outcomes(outcomes::Outcomes),
    Refit(refit::Refit),
}

impl Risk {
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        !matches!(&self.of_the_past, Some(Past::Refit(it)) if it.is_offline())
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match (self.of_the_past, self.show) {
            (Some(Past::Outcomes(it)), _) => it.run(connection).await,
            (Some(Past::Refit(it)), _) => it.run(connection).await,
            (None, Some(it)) => it.run(connection).await,
            (None, None) => unreachable!("without a verb, the release is required"),
        }
    }
}
