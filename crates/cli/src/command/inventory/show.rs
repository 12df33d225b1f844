//! `shipway inventory show`

use clap::Args;
use shipway_api::operations::inventory::ShowInventory;
use shipway_api::view::inventory::Inventory;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// Show which version, configuration and migration level of each service is in each environment
///
/// With --as-of, as it was then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway inventory show
  shipway inventory show --as-of 2026-03-01T12:00:00Z -o json")]
pub(crate) struct Show {
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let inventory = connect(connection)?.call::<ShowInventory>((), (), ()).await?.value;
        self.output.show(&inventory, |paint| render(&inventory, paint))
    }
}

fn render(inventory: &Inventory, paint: Paint) -> String {
    let mut table =
        Table::new(["ENVIRONMENT", "SERVICE", "VERSION", "CONFIGURATION", "MIGRATIONS", "SINCE", "HOSTS"]);
    for it in &inventory.items {
        let migrations = it.migrations.as_ref();
        let migrations =
            migrations.map_or("–".to_owned(), |it| format!("{}@{}", it.release.name, it.release.version));
        let (version, hosts) = (it.version.to_string(), it.hosts.len().to_string());
        let (environment, service) = (it.environment.as_str(), it.service.as_str());
        table.row([
            environment,
            service,
            &version,
            &it.configuration.short(),
            &migrations,
            &time(it.since),
            &hosts,
        ]);
    }
    table.render(paint, "Nothing was shipped anywhere yet.")
}
