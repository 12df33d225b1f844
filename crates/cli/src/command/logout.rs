//! `shipway logout`

use clap::Args;
use shipway_api::operations::account::SignOut;
use shipway_api::{Client, Code};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{self, plain};
use crate::sessions;
use crate::settings::{ConnectionArgs, Settings};

/// Sign out: the kept token ends at the control plane and is forgotten here
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway logout
  shipway logout --server http://10.0.0.5:7000")]
pub(crate) struct Logout {}

impl Logout {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let settings = Settings::resolve(connection)?;
        let server = &settings.server.value;
        let kept = settings.config.as_deref().map(sessions::path);
        let found = kept.and_then(|path| Some((sessions::token(&path, server)?, path)));
        let Some((token, path)) = found else {
            output::print(&format!("nobody is signed in at {}\n", plain(server)));
            return Ok(Exit::Ok);
        };
        match Client::new(server, token)?.call::<SignOut>((), (), ()).await {
            Ok(_) => {}
            // It has ended already.
            Err(error) if error.is(Code::Unauthenticated) => {}
            Err(error) => return Err(error.into()),
        }
        sessions::forget(&path, server).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}", path.display()), "shipway config show")
        })?;
        output::print(&format!("signed out at {}\n", plain(server)));
        Ok(Exit::Ok)
    }
}
