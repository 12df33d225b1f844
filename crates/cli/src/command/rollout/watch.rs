//! `shipway rollout watch`

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use shipway_api::Client;
use shipway_api::client;
use shipway_api::operations::rollout::{FollowRollout, ListRollouts, RolloutPath, RolloutQuery};
use shipway_api::view::ledger::LedgerEvent;
use shipway_model::event::{Body, Event};
use shipway_model::{Millis, RolloutId};

use crate::connection::{connect, only_now};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Format, OutputArgs, Paint};
use crate::settings::ConnectionArgs;

mod screen;
mod story;

use screen::Screen;
use story::{Beat, Story};

/// How long a control plane may be away in the middle: a restart takes seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// Follow a rollout to its end
///
/// Shows every step as it happens, from the first. The exit code is the rollout's: 0 when it succeeded, 4 when it
/// was taken back, aborted or cancelled. A control plane that restarts meanwhile is waited for. With -o json, every
/// event is printed on a line of its own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout watch
  shipway rollout watch rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --timeout 30m")]
pub(crate) struct Watch {
    /// The rollout's id; the newest that has not ended when left out
    rollout: Option<RolloutId>,
    /// Stop watching after this; the rollout goes on
    #[arg(long)]
    timeout: Option<Millis>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Watch {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "nothing moves in the past", "shipway rollout show ROLLOUT --as-of INSTANT")?;
        let client = connect(connection)?;
        let rollout = match self.rollout {
            Some(rollout) => rollout,
            None => newest_live(&client).await?,
        };
        follow(&client, rollout, self.timeout, self.output.output).await
    }
}

async fn newest_live(client: &Client) -> Result<RolloutId, Failure> {
    let query = RolloutQuery { live: Some(true), limit: Some(1), ..RolloutQuery::default() };
    let page = client.call::<ListRollouts>((), query, ()).await?.value;
    let none = || Failure::new("no rollout is under way", "shipway rollout list");
    page.items.first().map(|it| it.id).ok_or_else(none)
}

/// Follows until the rollout has ended.
///
/// # Errors
/// When the control plane stays away, or `timeout` has passed.
pub(crate) async fn follow(
    client: &Client,
    rollout: RolloutId,
    timeout: Option<Millis>,
    format: Format,
) -> Outcome {
    let watching = Watching::new(client, rollout, Sink::new(format));
    let timeout = timeout.map_or(Duration::from_secs(u64::from(u32::MAX)), Millis::duration);
    tokio::time::timeout(timeout, watching.run()).await.unwrap_or_else(|_| {
        let message = "the time to watch has passed; the rollout goes on";
        Err(Failure::new(message, format!("shipway rollout watch {rollout}")))
    })
}

/// Waits until the rollout has ended, and says so; not when the instant came before. People see what happens meanwhile, and
/// whoever reads JSON or YAML only what the command prints at its end.
///
/// # Errors
/// When the control plane stays away.
pub(crate) async fn until_ended(
    client: &Client,
    rollout: RolloutId,
    deadline: Option<Instant>,
    format: Format,
) -> Result<bool, Failure> {
    let sink = match format {
        Format::Table => Sink::new(format),
        Format::Json | Format::Yaml => Sink::Silent,
    };
    let ended = Watching::new(client, rollout, sink).run();
    match deadline {
        None => ended.await.map(|_| true),
        Some(at) => match tokio::time::timeout_at(at.into(), ended).await {
            Ok(ended) => ended.map(|_| true),
            Err(_) => Ok(false),
        },
    }
}

/// What has happened to a rollout, line by line as watchers are told, with when.
///
/// # Errors
/// When it cannot be read to its end: `client` asks as of an instant, or the rollout is over.
pub(crate) async fn told(client: &Client, rollout: RolloutId) -> Result<Vec<(Timestamp, String)>, Failure> {
    let mut stream = client.follow::<FollowRollout>(RolloutPath { rollout }, None).await?;
    let mut story = Story::new(Paint::PLAIN);
    let mut lines = Vec::new();
    while let Some(entry) = stream.next_ledger_event().await? {
        let Ok(event) = serde_json::from_value::<Event>(entry.opened()) else { continue };
        for beat in story.tell(&event) {
            let (Beat::Line(text) | Beat::End { line: text, .. }) = beat else { continue };
            let line = text.lines().next().unwrap_or_default().trim();
            // Advice for whoever watched was for then.
            if !line.is_empty() && !line.starts_with("next:") {
                lines.push((event.at, line.to_owned()));
            }
        }
    }
    Ok(lines)
}

struct Watching<'c> {
    client: &'c Client,
    rollout: RolloutId,
    sink: Sink,
    last_id: Option<u64>,
    /// How it ended, as far as was heard: one that has ended may be taken back, and ends again.
    end: Option<Exit>,
}

enum Sink {
    /// One JSON document per line.
    Json,
    Yaml,
    Silent,
    People(Box<(Story, Screen)>),
}

/// What an event says about the rollout as a whole.
enum News {
    Ended(Exit),
    /// Whatever was heard of an end before.
    GoesOn,
    None,
}

impl<'c> Watching<'c> {
    fn new(client: &'c Client, rollout: RolloutId, sink: Sink) -> Self {
        Self { client, rollout, sink, last_id: None, end: None }
    }

    async fn run(mut self) -> Outcome {
        let mut away_since: Option<Instant> = None;
        loop {
            match self.listen().await {
                Ok(Some(exit)) => return Ok(exit),
                Ok(None) => away_since = None,
                Err(error) if !error.is_transient() => return Err(error.into()),
                Err(error) => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return Err(error.into());
                    }
                    self.sink.waiting();
                }
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Takes events until the stream ends, which it does when nothing more is to come; says how the rollout ended.
    async fn listen(&mut self) -> Result<Option<Exit>, client::Error> {
        let path = RolloutPath { rollout: self.rollout };
        let mut stream = self.client.follow::<FollowRollout>(path, self.last_id).await?;
        while let Some(event) = stream.next_ledger_event().await? {
            self.last_id = Some(event.position);
            match self.sink.take(&event) {
                News::Ended(exit) => self.end = Some(exit),
                News::GoesOn => self.end = None,
                News::None => {}
            }
        }
        if let Some(exit) = self.end {
            self.sink.over(exit);
        }
        Ok(self.end)
    }
}

impl Sink {
    fn new(format: Format) -> Self {
        match format {
            Format::Table => Self::People(Box::new((Story::new(Paint::of_stdout()), Screen::new()))),
            Format::Json => Self::Json,
            Format::Yaml => Self::Yaml,
        }
    }

    fn take(&mut self, entry: &LedgerEvent) -> News {
        match self {
            Self::Json => output::print(&format!("{}\n", serde_json::json!(entry))),
            Self::Yaml => output::print(&format!("---\n{}", output::yaml(entry).unwrap_or_default())),
            Self::Silent | Self::People(_) => {}
        }
        // An event of a newer control plane is not ours to judge.
        let Ok(event) = serde_json::from_value::<Event>(entry.opened()) else { return News::None };
        if let Self::People(people) = self {
            let (story, screen) = &mut **people;
            // Whether it is over is known when nothing follows.
            let beats = story.tell(&event).into_iter().filter(|it| !matches!(it, Beat::Over(_)));
            beats.for_each(|it| screen.show(it));
        }
        match (story::exit(&event), &event.body) {
            (Some(exit), _) => News::Ended(exit),
            (None, Body::RolloutUnwinding { .. }) => News::GoesOn,
            (None, _) => News::None,
        }
    }

    fn over(&mut self, exit: Exit) {
        if let Self::People(people) = self {
            people.1.show(Beat::Over(exit));
        }
    }

    fn waiting(&mut self) {
        if let Self::People(people) = self {
            people.1.show(Beat::Note("the control plane is away; waiting for it".to_owned()));
        }
    }
}
