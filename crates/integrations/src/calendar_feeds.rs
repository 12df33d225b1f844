//! Fetches the calendars that CalendarFeeds name, as often as each says. What was fetched last and could be read stands; that it
//! could not be, and why, is recorded once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shipway_engine::Command;
use shipway_engine::calendar::feed;
use shipway_model::Name;
use shipway_model::resource::{CalendarFeed, Kind, Spec};
use shipway_runtime::{Runtime, Submission};

use crate::background::{self, Background};
use crate::outbound::{Call, Outbound};

/// Declarations are looked at whenever the ledger grows, and after this at the latest.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_secs(30);
/// The reader takes no more.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// After a failure it is tried again no later than this, however seldom it is fetched otherwise.
const RETRY_MAX: Duration = Duration::from_secs(15 * 60);

/// Fetching. Dropped, it goes on for as long as the process; [`CalendarFeeds::stop`] ends it.
pub struct CalendarFeeds(Background);

/// When a feed was fetched last, as which declaration, and whether it could be taken.
struct Turn {
    declared: CalendarFeed,
    at: Instant,
    went_well: bool,
}

impl CalendarFeeds {
    /// Fetches from now on. Of several control planes that share the folder of `lock`, one does.
    pub fn start(runtime: Runtime, lock: PathBuf) -> Self {
        Self(Background::start("the fetching of calendars", work(runtime, lock)))
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}

async fn work(runtime: Runtime, lock: PathBuf) {
    let outbound = Outbound::new();
    let mut grown = runtime.subscribe();
    let mut turns: BTreeMap<Name, Turn> = BTreeMap::new();
    let mut sole = None;
    loop {
        grown.mark_unchanged();
        sole = sole.or_else(|| background::sole(&lock));
        if sole.is_some() {
            for (name, declared) in due(&runtime, &turns) {
                let went_well = fetch(&outbound, &runtime, &name, &declared).await;
                turns.insert(name, Turn { declared, at: Instant::now(), went_well });
            }
        }
        // An end of the ledger is the end of this too.
        if let Ok(Err(_)) = tokio::time::timeout(LOOK_INTERVAL, grown.changed()).await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn due(runtime: &Runtime, turns: &BTreeMap<Name, Turn>) -> Vec<(Name, CalendarFeed)> {
    let state = runtime.state();
    let feeds =
        state.catalogue.of_kind(Kind::CalendarFeed).filter_map(|(key, resource)| match &resource.spec {
            Spec::CalendarFeed(feed) => Some((&key.name, feed)),
            _ => None,
        });
    let is_due = |(name, feed): &(&Name, &CalendarFeed)| {
        turns.get(*name).is_none_or(|turn| {
            let every = feed.every.duration();
            let wait = if turn.went_well { every } else { every.min(RETRY_MAX) };
            turn.declared != **feed || turn.at.elapsed() >= wait
        })
    };
    feeds.filter(is_due).map(|(name, feed)| (name.clone(), feed.clone())).collect()
}

/// Whether it could be taken.
async fn fetch(outbound: &Outbound, runtime: &Runtime, name: &Name, declared: &CalendarFeed) -> bool {
    let outcome = match text(outbound, &declared.url).await {
        Ok(text) => feed::read(declared, &text).map(|(calendar, n)| (Box::new(calendar), n)),
        Err(why) => Err(why),
    };
    let went_well = outcome.is_ok();
    let command = Command::RecordFeed { feed: name.clone(), outcome };
    let actor = shipway_runtime::ACTOR.to_owned();
    let submission = Submission { actor, key: None, command, generation: None };
    if let Err(error) = runtime.submit(submission).await {
        tracing::warn!(feed = %name, %error, "what a calendar feed says is not recorded");
        return false;
    }
    went_well
}

async fn text(outbound: &Outbound, url: &str) -> Result<String, String> {
    let answer = outbound.call(Call::get(url, TIMEOUT, BYTES_MAX)).await.map_err(|it| it.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("the server answered {}", answer.status));
    }
    if answer.is_cut {
        return Err(format!("it has more than {BYTES_MAX} bytes"));
    }
    String::from_utf8(answer.body).map_err(|_| "it is not UTF-8".to_owned())
}
