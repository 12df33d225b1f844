//! `shipway rollout start`

use clap::Args;
use shipway_api::operations::rollout::{NewRollout, StartRollout};
use shipway_api::selector::ReleaseSelector;
use shipway_model::{Digest, Name};

use super::{show, watch};
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Ship a sealed release into an environment
///
/// It queues when others are before it. With --plan, it is refused when the plan made now is another one than the
/// plan that was looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout start shop@1.2.0 --env production --watch
  shipway rollout start shop@1.2.0 --env staging -o json")]
pub(crate) struct Start {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[arg(long, value_name = "ENV")]
    env: Name,
    /// The digest that `shipway plan` showed
    #[arg(long, value_name = "DIGEST")]
    plan: Option<Digest>,
    /// Follow it to its end; the exit code is then the rollout's
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Start {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let rollout = NewRollout { release: self.release, environment: self.env, plan_digest: self.plan };
        let view = once(client.call::<StartRollout>((), (), rollout)).await?.value;
        if self.watch {
            return watch::follow(&client, view.summary.id, None, self.output.output).await;
        }
        self.output.show(&view, |paint| {
            let next = format!("{} shipway rollout watch {}\n", paint.dim("next:"), view.summary.id);
            format!("{}\n{next}", show::render(&view, paint))
        })
    }
}
