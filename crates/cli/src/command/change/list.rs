//! `shipway change list`

use clap::Args;
use shipway_api::operations::change::{ChangeQuery, ListChanges};
use shipway_api::view::change::ChangeView;
use shipway_model::Name;

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List changes, the newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway change list --open
  shipway change list --env production -o json")]
pub(crate) struct List {
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// Leave out those that are closed
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let all = pages(async |page| {
            let query = ChangeQuery {
                environment: self.env.clone(),
                open: self.open.then_some(true),
                cursor: page.cursor,
                limit: page.limit,
            };
            Ok(client.call::<ListChanges>((), query, ()).await?.value)
        })
        .await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

fn render(changes: &[ChangeView], paint: Paint) -> String {
    let heading = ["CHANGE", "RELEASE", "ENV", "TYPE", "RISK", "STATE", "ASKED BY", "OPENED", "WAITS FOR"];
    let mut table = Table::new(heading);
    for it in changes {
        let release = format!("{}@{}", it.release.name, it.release.version);
        let (id, risk) = (it.id.to_string(), it.change.risk.score.to_string());
        let state = it.state.as_ref().map_or("closed", |it| it.as_str());
        let (opened, waits) = (time(it.opened), it.against.first().cloned().unwrap_or_default());
        let class = it.change.class.as_str();
        table.row([
            &id,
            &release,
            it.environment.as_str(),
            class,
            &risk,
            state,
            &it.requested_by,
            &opened,
            &waits,
        ]);
    }
    table.render(paint, "No rollout into a protected environment was asked for.")
}
