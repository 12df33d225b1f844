//! `shipway agent`

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use shipway_agent::AgentConfig;
use shipway_model::Name;

use crate::daemon;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::settings::{ConnectionArgs, Settings};

/// Run a host's agent
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway agent --server http://10.0.0.5:7000 --host host-a --labels zone=a,production=true
  SHIPWAY_TOKEN=… shipway agent --host host-a --address 10.0.0.11 --data /var/lib/shipway-agent

The token comes from `shipway token issue HOST --role agent`. Ending the agent does not end the
services of its host; the next agent goes on with them.")]
pub(crate) struct Agent {
    /// This host's name
    #[arg(long, value_name = "NAME")]
    host: Name,
    /// The address at which this host's services listen and are reached
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    address: IpAddr,
    /// Labels by which environments choose hosts
    #[arg(long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = label)]
    labels: Vec<(String, String)>,
    /// Folder of the services, their logs and the agent's journal
    #[arg(long, value_name = "DIR", default_value = "shipway-agent")]
    data: PathBuf,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write labels as KEY=VALUE".to_owned()),
    }
}

impl Agent {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        daemon::start_log();
        let settings = Settings::resolve(connection)?;
        let token = settings.token.ok_or_else(|| {
            Failure::usage(
                "an agent needs a token",
                format!("shipway token issue {} --role agent", self.host),
            )
        })?;
        let config = AgentConfig {
            server: settings.server.value,
            token: token.value,
            host: self.host,
            address: self.address,
            labels: self.labels.into_iter().collect::<BTreeMap<_, _>>(),
            data_dir: self.data,
        };
        let ended = shipway_agent::run(config, daemon::asked_to_end()).await;
        ended.map_err(|fault| Failure::because(&fault, "shipway agent --help"))?;
        Ok(Exit::Ok)
    }
}
