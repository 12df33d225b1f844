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
            format!("{} ({}) at {}\n", plain(&identity.name), role_word(identity.role), client.base())
        })
    }
}
