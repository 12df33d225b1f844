//! `shipway env list`

use clap::Args;
use shipway_api::operations::environment::ListEnvironments;
use shipway_model::Name;

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table};
use crate::settings::ConnectionArgs;

/// List environments
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway env list
  shipway env list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let all =
            pages(async |query| Ok(client.call::<ListEnvironments>((), query, ()).await?.value)).await?;
        self.output.show(&all, |paint| {
            let mut table = Table::new(["ENVIRONMENT", "RELEASE", "AFTER", "HOSTS", "LIVE ROLLOUTS"]);
            for it in &all {
                let release = it.release.as_ref().map(|it| format!("{}@{}", it.name, it.version));
                let after = it.promotes_from.as_ref().map_or("", Name::as_str);
                let hosts: Vec<&str> = it.hosts.iter().map(Name::as_str).collect();
                let live: Vec<String> = it.live.iter().map(ToString::to_string).collect();
                let release = release.unwrap_or_else(|| "-".to_owned());
                table.row([it.name.as_str(), &release, after, &hosts.join(", "), &live.join(", ")]);
            }
            table.render(paint, "No environment is declared.")
        })
    }
}
