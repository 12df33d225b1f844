//! `shipway up`

use clap::Args;

use super::router::{self, RouterArgs};
use super::serve::{self, Place};
use crate::daemon;
use crate::exit::Exit;
use crate::failure::Outcome;

/// Run the control plane and a router in one process
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway up
  shipway up --data ./shipway-data --listen 127.0.0.1:7000 --admin 127.0.0.1:7001

Hosts join with `shipway agent`.")]
pub(crate) struct Up {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    router: RouterArgs,
}

impl Up {
    pub(crate) async fn run(self) -> Outcome {
        daemon::start_log();
        let router = router::start(self.router).await?;
        let control_plane = serve::start(&self.place, None).await?;
        daemon::asked_to_end().await;
        control_plane.stop().await;
        router.shutdown().await;
        Ok(Exit::Ok)
    }
}
