//! `shipway access who-can`

use clap::Args;
use shipway_api::operations::access::{WhoCan as Ask, WhoCanQuery};
use shipway_api::permission::role_word;

use super::resource::ResourceArgs;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table};
use crate::settings::ConnectionArgs;

/// List who can do something, and by which policies
///
/// With --as-of, who could do it then, by the policies of then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access who-can startRollout environment/production
  shipway access who-can approveStep rollout/rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway access who-can applyResources -o json")]
pub(crate) struct WhoCan {
    /// An operation of the API, for example `startRollout`; docs/api/permissions.md lists them
    action: String,
    #[command(flatten)]
    resource: ResourceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl WhoCan {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let named = self.resource.named();
        let query = WhoCanQuery {
            action: self.action,
            environment: named.environment,
            service: named.service,
            release: named.release,
            rollout: named.rollout,
        };
        let able = connect(connection)?.call::<Ask>((), query, ()).await?.value.items;
        self.output.show(&able, |paint| {
            let mut table = Table::new(["NAME", "KIND", "PERSON", "ROLE", "BECAUSE"]);
            for it in &able {
                let person = it.person.as_ref().map_or("", |it| it.as_str());
                let because = match it.grant {
                    Some(grant) => grant.to_string(),
                    None => it.because.join(", "),
                };
                table.row([&it.name, it.kind.as_str(), person, role_word(it.role), &because]);
            }
            table.render(paint, "Nobody can do this.")
        })
    }
}
