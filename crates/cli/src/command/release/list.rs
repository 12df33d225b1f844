//! `shipway release list`

use clap::Args;
use shipway_api::operations::release::{ListReleases, ReleaseQuery};
use shipway_api::view::release::Seal;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, short, time};
use crate::settings::ConnectionArgs;

/// List releases, the newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release list
  shipway release list --name shop --limit 5 -o json")]
pub(crate) struct List {
    /// Of this name alone
    #[arg(long)]
    name: Option<Name>,
    /// This many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = ReleaseQuery { name: self.name, cursor: None, limit: Some(self.limit) };
        let page = connect(connection)?.call::<ListReleases>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| {
            let mut table = Table::new(["RELEASE", "STATE", "DIGEST", "SEALED", "SERVICES"]);
            for it in &page.items {
                let name = format!("{}@{}", it.bundle.name, it.bundle.version);
                let services: Vec<&str> = it.bundle.parts.keys().map(Name::as_str).collect();
                let (state, digest, at) = match &it.seal {
                    Seal::Open {} => ("open", String::new(), String::new()),
                    Seal::Sealed { digest, at, .. } => ("sealed", short(digest), time(*at)),
                };
                table.row([&name, state, &digest, &at, &services.join(", ")]);
            }
            table.render(paint, "There is no release.")
        })
    }
}
