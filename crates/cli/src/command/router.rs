//! `shipway router`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use shipway_integrations::drivers::ROUTER_TOKEN_VARIABLE;
use shipway_integrations::router::{Router, RouterConfig};

use crate::daemon;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Run the built-in router, which carries the services' traffic
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway router --admin 127.0.0.1:7001 --state ./router.json
  SHIPWAY_ROUTER_TOKEN=… shipway router --admin 127.0.0.1:7001

It listens for traffic where the routes that the control plane sets say. With --state it serves at
once after a restart. With SHIPWAY_ROUTER_TOKEN set, here and at the control plane, only the control
plane can change routes.")]
pub(crate) struct RunRouter {
    #[command(flatten)]
    pub(super) router: RouterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RouterArgs {
    /// Address of its admin interface: routes and figures
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7001")]
    admin: SocketAddr,
    /// File in which it keeps its routes over a restart
    #[arg(long = "state", value_name = "FILE")]
    state_file: Option<PathBuf>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    workers: usize,
}

impl RunRouter {
    pub(crate) async fn run(self) -> Outcome {
        daemon::start_log();
        let router = start(self.router).await?;
        daemon::asked_to_end().await;
        router.shutdown().await;
        Ok(Exit::Ok)
    }
}

pub(super) async fn start(args: RouterArgs) -> Result<Router, Failure> {
    let token = std::env::var(ROUTER_TOKEN_VARIABLE).ok().filter(|it| !it.is_empty());
    let config =
        RouterConfig { admin: args.admin, state_file: args.state_file, token, workers: args.workers };
    let router =
        Router::start(config).await.map_err(|fault| Failure::because(&fault, "shipway router --help"))?;
    output::print(&format!("The router's admin interface listens on http://{}\n", router.admin_address()));
    Ok(router)
}
