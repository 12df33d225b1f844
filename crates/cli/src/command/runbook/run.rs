//! `shipway runbook run`

use clap::Args;
use shipway_api::operations::runbook::{FallBack, FallbackPath, FallbackRun};
use shipway_model::Name;

use crate::command::rollout::{show, watch};
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Carry out a fallback of a runbook, without asking anybody again
///
/// It is run as the release binds it that stands there: whoever let that release in has agreed to it. It ships nothing, waits for no
/// approval, queue or pause, and has the lane of rollbacks in calendars.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway runbook run checkout-operating drain --env production --reason \"the queue grows and nobody orders\" --watch")]
pub(crate) struct Run {
    runbook: Name,
    fallback: Name,
    #[arg(long, value_name = "ENV")]
    env: Name,
    /// Why it is needed now
    #[arg(long)]
    reason: String,
    /// Follow it to its end; the exit code is then the rollout's
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Run {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let path = FallbackPath { runbook: self.runbook, fallback: self.fallback };
        let body = FallbackRun { environment: self.env, reason: self.reason };
        let view = once(client.call::<FallBack>(path, (), body)).await?.value;
        if self.watch {
            return watch::follow(&client, view.summary.id, None, self.output.output).await;
        }
        self.output.show(&view, |paint| {
            let next = format!("{} shipway rollout watch {}\n", paint.dim("next:"), view.summary.id);
            format!("{}\n{next}", show::render(&view, paint))
        })
    }
}
