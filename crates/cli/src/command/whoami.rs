//! `shipway whoami`

use clap::Args;
use shipway_api::operations::token::WhoAmI;
use shipway_api::permission::role_word;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, plain};
use crate::settings::ConnectionArgs;

/// Show who the control plane takes you for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway whoami
  shipway whoami --server http://127.0.0.1:7000 -o json")]
pub(crate) struct Whoami {
    #[command(flatten)]
    output: OutputArgs,
}

impl Whoami {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let identity = client.call::<WhoAmI>((), (), ()).await?.value;
        self.output.show(&identity, |_| {
            let person = identity.person.as_ref().map_or_else(String::new, |it| format!(", {it}"));
            let scope = if identity.scope.is_some() { ", a machine with a scope" } else { "" };
            let name = plain(&identity.name);
            format!("{name} ({}{person}{scope}) at {}\n", role_word(identity.role), client.base())
        })
    }
}
