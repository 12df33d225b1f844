//! `shipway decision list`

use clap::Args;
use shipway_api::operations::decision::{DecisionQuery, ListDecisions};
use shipway_api::page::PageQuery;
use shipway_api::view::decision::DecisionSummary;
use shipway_model::{Name, RolloutId};

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List what gates said to rollouts, the newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway decision list
  shipway decision list --env production
  shipway decision list --rollout rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json")]
pub(crate) struct List {
    /// To this rollout
    #[arg(long)]
    rollout: Option<RolloutId>,
    /// Of this environment's gates
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let all = pages(async |PageQuery { cursor, limit }| {
            let query = DecisionQuery { rollout: self.rollout, environment: self.env.clone(), cursor, limit };
            Ok(client.call::<ListDecisions>((), query, ()).await?.value)
        })
        .await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

fn render(all: &[DecisionSummary], paint: Paint) -> String {
    let mut table = Table::new(["DECISION", "RELEASE", "ENVIRONMENT", "PASSES", "UNMET", "AT", "ROLLOUT"]);
    for it in all {
        let release = format!("{}@{}", it.release.name, it.release.version);
        let passes = if it.passes { "yes" } else { "no" };
        let (id, unmet, at) = (it.id.to_string(), it.n_unmet.to_string(), time(it.at));
        table.row([&id, &release, it.environment.as_str(), passes, &unmet, &at, &it.rollout.to_string()]);
    }
    table.render(paint, "No gates were asked.")
}
