//! `shipway inventory export`

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use clap::Args;
use shipway_api::operations::inventory::ShowInventory;
use shipway_api::operations::ledger::{FollowEvents, ShowLedgerHead};
use shipway_api::view::ledger::LedgerEvent;

use crate::cmdb::Form;
use crate::connection::{connect, only_now};
use crate::delivery::deliver;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::settings::ConnectionArgs;

/// Before a stream that has ended is asked for again.
const PAUSE: Duration = Duration::from_secs(1);
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// Sent as the header `Authorization`. In the environment, because arguments can be read by everybody on a machine.
const AUTHORIZATION: &str = "SHIPWAY_CMDB_AUTHORIZATION";
/// After these another version runs somewhere, or something else depends on it.
const CHANGES: [&str; 2] = ["rollout.ended", "resource.applied"];

/// Export what runs where, with its dependencies, to a configuration management database
///
/// Without --to it is printed. With the name of a file it is written there whole; to an http address it is sent with POST until
/// it is taken with a status of success. With --follow it is exported again after every deployment and declaration, until
/// interrupted. SHIPWAY_CMDB_AUTHORIZATION is sent as the header Authorization.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway inventory export --form csv --to services.csv
  shipway inventory export --as-of 2026-03-01T12:00:00Z
  shipway inventory export --form servicenow --follow --to https://cmdb.example/api/now/identifyreconcile")]
pub(crate) struct Export {
    /// How it is written
    #[arg(long, value_enum, default_value = "json")]
    form: Form,
    /// A file, or an http or https address
    #[arg(long, value_name = "FILE|URL")]
    to: Option<String>,
    /// Again after every deployment and declaration
    #[arg(long, requires = "to")]
    follow: bool,
}

enum Target {
    Printed,
    File(PathBuf),
    Address(reqwest::Client, String),
}

impl Export {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        if self.follow {
            only_now(connection, "what happens from now on is followed", "shipway inventory export --help")?;
        }
        let client = connect(connection)?;
        let target = Target::of(self.to)?;
        // Asked for first: what happens while the first one is on its way is exported with the second.
        let mut last = match self.follow {
            true => client.call::<ShowLedgerHead>((), (), ()).await?.value.size.checked_sub(1),
            false => None,
        };
        loop {
            let inventory = client.call::<ShowInventory>((), (), ()).await?.value;
            target.take(self.form, &self.form.write(&inventory)).await?;
            if !self.follow {
                return Ok(Exit::Ok);
            }
            last = Some(changed(&client, last).await?);
        }
    }
}

/// Waits for an event after which it is another inventory; its position.
async fn changed(client: &shipway_api::Client, last: Option<u64>) -> Result<u64, Failure> {
    let mut last = last;
    loop {
        let mut stream = client.follow::<FollowEvents>((), last).await?;
        while let Some(event) = stream.next_ledger_event().await? {
            if is_change(&event) {
                return Ok(event.position);
            }
            last = Some(event.position);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_change(event: &LedgerEvent) -> bool {
    event.event["type"].as_str().is_some_and(|it| CHANGES.contains(&it))
}

impl Target {
    fn of(to: Option<String>) -> Result<Self, Failure> {
        let Some(to) = to else { return Ok(Self::Printed) };
        if !to.starts_with("http://") && !to.starts_with("https://") {
            return Ok(Self::File(to.into()));
        }
        let http = reqwest::Client::builder().timeout(ANSWER_WAIT_MAX).build();
        let http = http.map_err(|error| Failure::because(&error, "shipway inventory export --help"))?;
        Ok(Self::Address(http, to))
    }

    async fn take(&self, form: Form, text: &str) -> Result<(), Failure> {
        match self {
            Self::Printed => {
                output::print(text);
                Ok(())
            }
            Self::File(path) => replace(path, text),
            Self::Address(http, to) => send(http, to, form, text).await,
        }
    }
}

/// Whole or not at all: whoever imports it never reads half of it.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let unfinished = path.with_extension("new");
    let written = fs::File::create(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| {
        Failure::new(
            format!("{} cannot be written: {error}", path.display()),
            "shipway inventory export --help",
        )
    })
}

async fn send(http: &reqwest::Client, to: &str, form: Form, text: &str) -> Result<(), Failure> {
    let authorization = env::var(AUTHORIZATION).ok();
    let request = || {
        let request = http.post(to).header("content-type", form.content_type()).body(text.to_owned());
        match &authorization {
            Some(it) => request.header("authorization", it),
            None => request,
        }
    };
    deliver(request).await.map_err(|why| {
        let hint = format!("set {AUTHORIZATION} where it asks for a sign-in, and try the address with curl");
        Failure::new(format!("{to} does not take the inventory: {why}"), "shipway inventory export --help")
            .with_hint(hint)
    })
}
