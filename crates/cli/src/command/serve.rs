//! `shipway serve`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_model::event::Role;
use shipway_server::Provider;

use crate::command::token::parse_role;
use crate::control_plane::ControlPlane;
use crate::daemon;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Run the control plane
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway serve --data ./shipway-data
  shipway serve --data /var/lib/shipway --listen 10.0.0.5:7000
  SHIPWAY_LOG=debug shipway serve --data ./shipway-data
  shipway serve --store postgres://shipway@db.example/shipway --data /srv/shipway --listen 10.0.0.5:7000
  shipway serve --store 'postgres://shipway@db-1,db-2/shipway?target_session_attrs=read-write' --data /srv/shipway

With --store, any number of control planes may run over one database; they share the folder too.
The first start prints an admin token, once. Ctrl-C or SIGTERM ends it; what was under way goes on
at the next start.")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(super) place: Place,
    /// Write the first start's admin token into this new file (mode 600) instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(super) admin_token_file: Option<PathBuf>,
}

/// Where a control plane keeps its things and listens.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder of the ledger, the blobs, the logs and the key; made when it is not there
    #[arg(long, value_name = "DIR", default_value = "shipway-data")]
    pub(crate) data: PathBuf,
    /// Keep the ledger in this PostgreSQL database, which other control planes may share, instead of in the folder
    ///
    /// The address may hold a password: then rather give it in the environment.
    #[arg(long, value_name = "URL", env = "SHIPWAY_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7000")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) provider: IdentityProvider,
    /// Issue another admin token at this start, for when the first was lost
    #[arg(long)]
    pub(crate) new_admin_token: bool,
}

/// Through whom people may sign in beside their passwords.
#[derive(Debug, Args)]
#[command(next_help_heading = "Identity provider")]
pub(crate) struct IdentityProvider {
    /// The OpenID Connect issuer, for example https://id.example.org; HTTPS needs the feature `tls`
    #[arg(long, value_name = "URL", env = "SHIPWAY_OIDC_ISSUER", requires = "oidc_client")]
    oidc_issuer: Option<String>,
    /// As whom the control plane is known to it; its secret, if it has one, is the variable SHIPWAY_OIDC_SECRET
    #[arg(long, value_name = "CLIENT-ID", env = "SHIPWAY_OIDC_CLIENT", requires = "oidc_issuer")]
    oidc_client: Option<String>,
    /// Where people reach this control plane, to come back to; where it listens when left out
    #[arg(long, value_name = "URL", env = "SHIPWAY_PUBLIC_URL")]
    public_url: Option<String>,
    /// A scope to ask for beside `openid` and `email`, where the provider names groups only then; may be repeated
    #[arg(long = "oidc-scope", value_name = "SCOPE")]
    oidc_scopes: Vec<String>,
    /// The claim in which the provider names groups
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    oidc_groups_claim: String,
    /// The role of a group's members, for example `release-managers=operator`; the first that fits counts, and the
    /// account's own where none does; may be repeated
    #[arg(long = "oidc-role", value_name = "GROUP=ROLE", value_parser = parse_group_role)]
    oidc_roles: Vec<(String, Role)>,
}

fn parse_group_role(text: &str) -> Result<(String, Role), String> {
    let (group, role) = text.rsplit_once('=').ok_or("write for example `release-managers=operator`")?;
    match parse_role(role)? {
        Role::Agent => Err("nobody signs in as an agent".to_owned()),
        role => Ok((group.to_owned(), role)),
    }
}

impl IdentityProvider {
    pub(crate) fn named(&self) -> Option<Provider> {
        let secret = std::env::var("SHIPWAY_OIDC_SECRET").ok().filter(|it| !it.is_empty());
        Some(Provider {
            issuer: self.oidc_issuer.clone()?,
            client_id: self.oidc_client.clone()?,
            client_secret: secret,
            public: self.public_url.clone(),
            scopes: self.oidc_scopes.clone(),
            groups_claim: self.oidc_groups_claim.clone(),
            roles: self.oidc_roles.clone(),
        })
    }
}

impl Serve {
    pub(crate) async fn run(self) -> Outcome {
        daemon::start_log();
        let control_plane = start(&self.place, self.admin_token_file.as_deref()).await?;
        daemon::asked_to_end().await;
        control_plane.stop().await;
        Ok(Exit::Ok)
    }
}

/// Starts it and says where it is, and, the first time, how to get in.
pub(super) async fn start(place: &Place, token_file: Option<&Path>) -> Result<ControlPlane, Failure> {
    daemon::write_privately();
    let started = ControlPlane::start(place, token_file).await;
    let control_plane = started.map_err(|fault| {
        Failure::because(&fault, "shipway serve --help")
            .with_hint("another control plane may use the same folder or address; or name others with --data and --listen")
    })?;
    output::print(&format!("The control plane listens on http://{}\n", control_plane.address()));
    if let Some(token) = &control_plane.first_token {
        output::print(&format!("The admin's token, shown only now:\n\n  {token}\n\n"));
    }
    Ok(control_plane)
}
