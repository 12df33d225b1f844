//! `shipway rollout list`

use clap::Args;
use shipway_api::operations::rollout::{ListRollouts, RolloutQuery};
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, time};
use crate::settings::ConnectionArgs;

/// List rollouts, the newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout list
  shipway rollout list --env production --live
  shipway rollout list --limit 5 -o json")]
pub(crate) struct List {
    /// Into this environment alone
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// Only those that have not ended
    #[arg(long)]
    live: bool,
    /// This many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let live = self.live.then_some(true);
        let query = RolloutQuery { environment: self.env, live, cursor: None, limit: Some(self.limit) };
        let page = connect(connection)?.call::<ListRollouts>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| {
            let mut table = Table::new(["ROLLOUT", "RELEASE", "INTO", "PHASE", "STEPS", "BY", "QUEUED"]);
            for it in &page.items {
                let release = format!("{}@{}", it.release.name, it.release.version);
                let steps = it.progress.map(|it| format!("{}/{}", it.steps_done, it.steps_total));
                let (id, queued) = (it.id.to_string(), time(it.queued_at));
                let steps = steps.unwrap_or_default();
                let into = it.environment.as_str();
                table.row([&id, &release, into, it.phase.word(), &steps, &it.requested_by, &queued]);
            }
            table.render(paint, "There is no rollout.")
        })
    }
}
