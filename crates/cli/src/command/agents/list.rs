//! `shipway agents list`

use clap::Args;
use shipway_api::operations::agent::ListAgents;
use shipway_api::view::agent::Connection;

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, time};
use crate::settings::ConnectionArgs;

/// List hosts, whether they are heard of, and what runs on them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway agents list
  shipway agents list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let agents = pages(async |query| Ok(client.call::<ListAgents>((), query, ()).await?.value)).await?;
        self.output.show(&agents, |paint| {
            let mut table = Table::new(["HOST", "ADDRESS", "LABELS", "CONNECTION", "LAST HEARD", "RUNS"]);
            for it in &agents {
                let labels: Vec<String> =
                    it.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let runs: Vec<String> =
                    it.instances.iter().map(|it| format!("{} {}", it.service, it.version)).collect();
                let connection = match it.connection {
                    Connection::Connected => "connected",
                    Connection::Silent => "silent",
                    Connection::Unrecorded => "not recorded",
                };
                let heard = it.heard_at.map_or_else(|| "-".to_owned(), time);
                let address = it.address.to_string();
                table.row([
                    it.host.as_str(),
                    &address,
                    &labels.join(","),
                    connection,
                    &heard,
                    &runs.join(", "),
                ]);
            }
            table.render(paint, "No agent has registered.")
        })
    }
}
