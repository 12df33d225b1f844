//! `shipway login`

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use shipway_api::Client;
use shipway_api::operations::account::{ChangePassword, NewPassword, SignIn};
use shipway_api::view::token::IssuedToken;

use crate::connection::once;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{self, plain, time};
use crate::sessions;
use crate::settings::{ConnectionArgs, Settings};

mod browser;

/// Sign in with a name and a password, or through your organisation's identity provider
///
/// With --oidc, a browser is opened; where none opens, the address is printed to be opened on this machine. What the browser brings
/// back to a port of this machine is good once, and only for this command.
///
/// The password is asked for, or read as the first line of standard input. The token that the control plane gives ends after
/// twelve hours; it is kept in `sessions.json` beside the config file, readable by you alone, and used by every verb that is
/// given no other. An account whose password somebody else has chosen is asked for a new one at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway login ana
  shipway login ana --new-password
  shipway login --oidc
  shipway login ana --server http://10.0.0.5:7000")]
pub(crate) struct Login {
    /// The account's name
    #[arg(required_unless_present = "oidc", conflicts_with = "oidc")]
    name: Option<String>,
    /// Sign in through the identity provider that the control plane knows
    #[arg(long)]
    oidc: bool,
    /// Print the address and open no browser
    #[arg(long, requires = "oidc")]
    no_browser: bool,
    /// Change the password too; with standard input, the second line is the new one
    #[arg(long, conflicts_with = "oidc")]
    new_password: bool,
}

impl Login {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let settings = Settings::resolve(connection)?;
        let server = &settings.server.value;
        let Some(config) = &settings.config else {
            return Err(Failure::usage("there is no folder to keep the sign-in in", "shipway help config")
                .with_hint("set HOME, or name a config file with --config"));
        };
        let signed_in = match &self.name {
            Some(name) => self.by_password(server, name).await?,
            None => browser::sign_in(server, self.no_browser).await?,
        };
        let path = sessions::path(config);
        sessions::keep(&path, server, &signed_in.secret).map_err(|error| unkept(&path, &error))?;
        let ends = signed_in.token.expires.map_or_else(String::new, |it| format!(" until {}", time(it)));
        let name = plain(&signed_in.token.name);
        output::print(&format!("signed in as {name} at {}{ends}\n", plain(server)));
        Ok(Exit::Ok)
    }

    async fn by_password(&self, server: &str, name: &str) -> Result<IssuedToken, Failure> {
        let password = ask("Password")?;
        let client = Client::by_password(server, name, &password)?;
        let signed_in = client.call::<SignIn>((), (), ()).await?.value;
        // Asked of the control plane itself: it knows who has chosen the password.
        if self.new_password || must_change(server, &signed_in).await? {
            return change(server, &signed_in, &password).await;
        }
        Ok(signed_in)
    }
}

async fn must_change(server: &str, signed_in: &IssuedToken) -> Result<bool, Failure> {
    let client = Client::new(server, &signed_in.secret)?;
    let identity = client.call::<shipway_api::operations::token::WhoAmI>((), (), ()).await?.value;
    Ok(identity.must_change_password)
}

async fn change(server: &str, signed_in: &IssuedToken, current: &str) -> Result<IssuedToken, Failure> {
    let new = ask("New password")?;
    if io::stdin().is_terminal() && ask("The same again")? != new {
        return Err(Failure::new("the two are not the same; nothing was changed", "shipway login NAME"));
    }
    let body = NewPassword { current: current.to_owned(), new };
    let client = Client::new(server, &signed_in.secret)?;
    Ok(once(client.call::<ChangePassword>((), (), body)).await?.value)
}

/// A line that the terminal does not show.
fn ask(what: &str) -> Result<String, Failure> {
    let unread = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("no password can be read: {error}"), "shipway login --help")
    };
    let is_terminal = io::stdin().is_terminal();
    if is_terminal {
        output::note(&format!("{what}: "));
        let _ = io::stderr().flush();
        echo("-echo");
    }
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    if is_terminal {
        echo("echo");
        output::note("\n");
    }
    match read {
        Ok(0) => Err(unread(&"standard input has ended")),
        Ok(_) => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
        Err(error) => Err(unread(&error)),
    }
}

/// By the program that every terminal has: a library for one switch would be one more to trust.
fn echo(switch: &str) {
    let _ = Command::new("stty").arg(switch).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
}

fn unkept(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be written: {error}", path.display()), "shipway config show")
}
