//! `shipway access grants`

use clap::Args;
use shipway_api::operations::access::ListGrants;
use shipway_api::permission::role_word;
use shipway_api::view::access::GrantView;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// List privilege for a time, the newest first, with everything that was done under it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access grants
  shipway access grants -o json")]
pub(crate) struct Grants {
    #[command(flatten)]
    output: OutputArgs,
}

impl Grants {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let grants = connect(connection)?.call::<ListGrants>((), (), ()).await?.value.items;
        self.output.show(&grants, |paint| render(&grants, paint))
    }
}

pub(super) fn render(grants: &[GrantView], paint: Paint) -> String {
    let mut table =
        Table::new(["GRANT", "STANDING", "ROLE", "WHERE", "ASKED BY", "APPROVED BY", "UNTIL", "REASON"]);
    for it in grants {
        let places: Vec<&str> = it.privilege.environments.iter().map(Name::as_str).collect();
        let places = if places.is_empty() { "everywhere".to_owned() } else { places.join(", ") };
        let (id, until) = (it.id.to_string(), it.until.map(time).unwrap_or_default());
        let approved = it.approved_by.as_deref().unwrap_or_default();
        let role = role_word(it.privilege.role);
        table.row([
            &id,
            &it.standing,
            role,
            &places,
            &it.requested_by,
            approved,
            &until,
            &it.privilege.reason,
        ]);
    }
    let mut text = table.render(paint, "Nobody asked for privilege.");
    for grant in grants.iter().filter(|it| !it.uses.is_empty()) {
        text += &format!("\ndone under {}:\n", grant.id);
        for it in &grant.uses {
            let resource = plain(&it.resource);
            text += &format!("  {} {} {} {resource}\n", time(it.at), plain(&it.by), it.operation);
        }
    }
    text
}
