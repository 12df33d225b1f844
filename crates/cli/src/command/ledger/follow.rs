//! `shipway ledger follow`

use std::time::Duration;

use clap::Args;
use shipway_api::Client;
use shipway_api::client;
use shipway_api::operations::ledger::FollowEvents;

use super::line::line;
use crate::connection::{connect, only_now};
use crate::failure::Outcome;
use crate::output::{self, Format, OutputArgs, Paint};
use crate::settings::ConnectionArgs;

/// Repeated tries after which a control plane counts as gone, half a second apart.
const TRIES_MAX: u32 = 120;
const PAUSE: Duration = Duration::from_millis(500);

/// Print events as they happen, until interrupted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger follow
  shipway ledger follow --from 0 -o json")]
pub(crate) struct Follow {
    /// Begin with this position; with what happens from now on when left out
    #[arg(long)]
    from: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Follow {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "nothing happens in the past", "shipway ledger show --as-of INSTANT")?;
        let client = connect(connection)?;
        let mut last_id = None;
        if let Some(from) = self.from {
            last_id = catch_up(&client, from, self.output.output).await?;
        }
        let mut n_tries = 0;
        loop {
            match listen(&client, &mut last_id, self.output.output).await {
                Ok(()) => n_tries = 0,
                Err(error) if error.is_transient() && n_tries < TRIES_MAX => n_tries += 1,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What happened before; the stream itself goes on from there.
async fn catch_up(client: &Client, from: u64, format: Format) -> Result<Option<u64>, client::Error> {
    use shipway_api::operations::ledger::{LedgerQuery, ListLedgerEvents};

    let mut last_id = from.checked_sub(1);
    let mut from = from;
    loop {
        let query = LedgerQuery { from: Some(from), limit: Some(shipway_api::page::LIMIT_MAX) };
        let page = client.call::<ListLedgerEvents>((), query, ()).await?.value;
        page.items.iter().for_each(|it| show(it, format));
        let Some(last) = page.items.last() else { return Ok(last_id) };
        last_id = Some(last.position);
        from = last.position + 1;
    }
}

async fn listen(client: &Client, last_id: &mut Option<u64>, format: Format) -> Result<(), client::Error> {
    let mut stream = client.follow::<FollowEvents>((), *last_id).await?;
    while let Some(event) = stream.next_ledger_event().await? {
        show(&event, format);
        *last_id = Some(event.position);
    }
    Ok(())
}

fn show(event: &shipway_api::view::ledger::LedgerEvent, format: Format) {
    match format {
        Format::Table => output::print(&line(event, Paint::of_stdout())),
        Format::Json => output::print(&format!("{}\n", serde_json::json!(event))),
        Format::Yaml => output::print(&format!("---\n{}", output::yaml(event).unwrap_or_default())),
    }
}
