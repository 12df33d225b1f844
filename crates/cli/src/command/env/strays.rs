//! `shipway env strays`

use clap::Args;
use shipway_api::operations::environment::{EnvironmentPath, ListStrays};
use shipway_model::Name;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, time};
use crate::settings::ConnectionArgs;

/// List what runs or stands in an environment and no order put there: access past the pipeline
///
/// Agents compare the files of what was shipped with its artifact, and look for processes in its folders that they did not
/// start. The ledger keeps when each was found and gone. The exit code is 1 when there is any.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway env strays production
  shipway env strays production -o json")]
pub(crate) struct Strays {
    environment: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Strays {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = EnvironmentPath { environment: self.environment };
        let page = connect(connection)?.call::<ListStrays>(path, (), ()).await?.value;
        self.output.show(&page.items, |paint| {
            let mut table = Table::new(["HOST", "SERVICE", "VERSION", "WHAT", "SINCE", "DETAIL"]);
            for it in &page.items {
                let stray = &it.stray;
                let (service, version) = (stray.service.as_str(), stray.version.as_str());
                let (what, since) = (stray.kind.word(), time(it.since));
                table.row([it.host.as_str(), service, version, what, &since, &stray.detail]);
            }
            table.render(paint, "Nothing is there that no order put there.")
        })?;
        Ok(if page.items.is_empty() { Exit::Ok } else { Exit::Failed })
    }
}
