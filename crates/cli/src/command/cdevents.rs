//! `shipway cdevents`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use futures_util::TryStreamExt as _;
use shipway_api::operations::ledger::{FollowEvents, LedgerQuery, ListLedgerEvents};
use shipway_api::page::LIMIT_MAX;
use shipway_api::view::ledger::LedgerEvent;
use shipway_api::{Client, Code};
use shipway_model::Digest;
use shipway_model::evidence::{Normal, Tests};

use crate::cdevents::{CdEvent, Teller, tested};
use crate::connection::{connect, only_now};
use crate::delivery::deliver;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::settings::ConnectionArgs;

/// Before a stream that has ended is asked for again.
const PAUSE: Duration = Duration::from_secs(1);
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// Tell what happened as CDEvents: builds that were registered, tests that ran, services that were deployed, upgraded, taken back or
/// removed
///
/// Without --to, one JSON line each. With it, each is sent as a CloudEvent in binary mode (HTTP binding 1.0) until it is taken with
/// a status of success. With --state, a next run goes on after the last one that was taken; an event may come twice, under the same
/// id, and none is left out. The ledger is read from its beginning, to know what each rollout was to bring.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway cdevents
  shipway cdevents --to http://127.0.0.1:8080/events --state cdevents.position
  shipway cdevents --follow --to http://127.0.0.1:8080/events --state cdevents.position")]
pub(crate) struct CdEvents {
    /// Go on with what happens, until interrupted
    #[arg(long)]
    follow: bool,
    /// Who takes them
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Where the position is kept up to which everything was taken
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

struct Relay {
    teller: Teller,
    http: reqwest::Client,
    to: Option<String>,
    state: Option<PathBuf>,
    /// The first position that was not told.
    next: u64,
}

impl CdEvents {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "what happened is told once", "shipway ledger show --as-of INSTANT")?;
        let client = connect(connection)?;
        let next = self.state.as_deref().map(position).transpose()?.unwrap_or(0);
        let http = reqwest::Client::builder().timeout(ANSWER_WAIT_MAX).build();
        let http = http.map_err(|error| Failure::because(&error, "shipway cdevents --help"))?;
        let mut relay = Relay { teller: Teller::default(), http, to: self.to, state: self.state, next };
        let mut last = relay.catch_up(&client, 0).await?;
        if !self.follow {
            return Ok(Exit::Ok);
        }
        loop {
            let mut stream = client.follow::<FollowEvents>((), last).await?;
            while let Some(event) = stream.next_ledger_event().await? {
                last = Some(event.position);
                relay.take(&client, &event).await?;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Relay {
    /// Everything from a position on that is there already; the last position.
    async fn catch_up(&mut self, client: &Client, mut from: u64) -> Result<Option<u64>, Failure> {
        let mut last = None;
        loop {
            let query = LedgerQuery { from: Some(from), limit: Some(LIMIT_MAX) };
            let page = client.call::<ListLedgerEvents>((), query, ()).await?.value;
            let Some(end) = page.items.last() else { return Ok(last) };
            last = Some(end.position);
            from = end.position + 1;
            for event in &page.items {
                self.take(client, event).await?;
            }
        }
    }

    async fn take(&mut self, client: &Client, event: &LedgerEvent) -> Result<(), Failure> {
        let mut told = self.teller.take(event);
        if event.position < self.next {
            return Ok(());
        }
        if let Some(report) = report(event) {
            let tests = read(client, &report).await?;
            told.extend(tests.and_then(|it| tested(event, &it)));
        }
        for it in &told {
            match &self.to {
                Some(to) => self.send(to, it).await?,
                None => output::print(&format!("{}\n", it.document)),
            }
        }
        self.next = event.position + 1;
        match &self.state {
            Some(path) if !told.is_empty() => keep(path, self.next),
            _ => Ok(()),
        }
    }

    async fn send(&self, to: &str, it: &CdEvent) -> Result<(), Failure> {
        let request = || {
            self.http
                .post(to)
                .header("content-type", "application/json")
                .header("ce-specversion", "1.0")
                .header("ce-id", &it.id)
                .header("ce-source", &it.source)
                .header("ce-type", &it.kind)
                .header("ce-subject", &it.subject)
                .header("ce-time", &it.at)
                .body(it.document.to_string())
        };
        let taken = deliver(request).await;
        taken.map_err(|why| {
            Failure::new(format!("{to} does not take {}: {why}", it.id), "shipway cdevents --help")
        })
    }
}

/// Of an attached test report, what was read of it.
fn report(event: &LedgerEvent) -> Option<Digest> {
    let evidence = &event.event["data"]["evidence"];
    let is_tests = evidence["kinds"].as_array().is_some_and(|it| it.iter().any(|it| it == "tests"));
    (event.event["type"] == "evidence.attached" && is_tests)
        .then(|| evidence["normal"].as_str()?.parse().ok())?
}

/// Nothing where it was erased since.
async fn read(client: &Client, digest: &Digest) -> Result<Option<Tests>, Failure> {
    let mut stream = match client.get_blob(*digest).await {
        Ok(stream) => stream,
        Err(error) if error.is(Code::UnknownBlob) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    while let Some(piece) = stream.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(serde_json::from_slice::<Normal>(&bytes).ok().and_then(|it| it.tests))
}

/// The position up to which everything was taken; the beginning where there is no file yet.
fn position(path: &Path) -> Result<u64, Failure> {
    let failed = |why: String| Failure::new(format!("{}: {why}", path.display()), "shipway cdevents --help");
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|_| failed("it holds no position".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Whole or not at all: a position that is lost would leave events out, or tell all of them again.
fn keep(path: &Path, next: u64) -> Result<(), Failure> {
    let unfinished = path.with_extension("new");
    let kept = fs::File::create(&unfinished)
        .and_then(|mut file| writeln!(file, "{next}").and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, path));
    kept.map_err(|error| {
        Failure::new(format!("{} cannot be written: {error}", path.display()), "shipway cdevents --help")
    })
}
