//! Tells people through Channels what waits for them: reminders, escalations, rollouts that stand still or are taken back, promises
//! that endanger trains, and what other teams depend on.
//!
//! What is to be told follows from the ledger (`engine::channel::messages`), and that it was is recorded there. A message is left
//! at least once: whoever dies between leaving it and recording that leaves it again, under the same id.

mod message;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::Method;
use jiff::Timestamp;
use shipway_engine::Command;
use shipway_engine::channel::{self, Message};
use shipway_model::resource::Channel;
use shipway_model::{Digest, Name};
use shipway_runtime::{Runtime, Submission};

use crate::background::{self, Background};
use crate::outbound::{Call, Outbound};
use crate::secret;

const TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer; only its beginning is shown.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The ledger is looked at whenever it grows, and after this at the latest: a receiver may have failed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(50);
/// A message that could not be left is tried again after this, and after twice as long each time that follows.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_secs(15 * 60);

/// Telling. Dropped, it goes on for as long as the process; [`Telling::stop`] ends it.
pub struct Telling(Background);

/// When a message was tried last, and how often.
struct Tried {
    at: Instant,
    n: u32,
}

impl Telling {
    /// Tells from now on. Of several control planes that share the folder of `lock`, one does.
    pub fn start(runtime: Runtime, lock: PathBuf) -> Self {
        Self(Background::start("the telling of people", work(runtime, lock)))
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}

async fn work(runtime: Runtime, lock: PathBuf) {
    let outbound = Outbound::new();
    let mut grown = runtime.subscribe();
    let mut tried: BTreeMap<(Name, Digest), Tried> = BTreeMap::new();
    let mut sole = None;
    loop {
        grown.mark_unchanged();
        sole = sole.or_else(|| background::sole(&lock));
        if sole.is_some() {
            tell(&outbound, &runtime, &mut tried).await;
        }
        // An end of the ledger is the end of this too.
        if let Ok(Err(_)) = tokio::time::timeout(LOOK_INTERVAL, grown.changed()).await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tell(outbound: &Outbound, runtime: &Runtime, tried: &mut BTreeMap<(Name, Digest), Tried>) {
    let waiting = waiting(runtime);
    tried.retain(|key, _| waiting.iter().any(|(it, _)| (&it.channel, &it.id) == (&key.0, &key.1)));
    for (message, channel) in waiting {
        let key = (message.channel.clone(), message.id);
        if tried.get(&key).is_some_and(|it| it.at.elapsed() < pause(it.n)) {
            continue;
        }
        let left = leave(outbound, &channel, &message, runtime.clock().now()).await;
        if left.is_err() {
            let n = tried.get(&key).map_or(1, |it| it.n + 1);
            tried.insert(key, Tried { at: Instant::now(), n });
        }
        record(runtime, &message, left).await;
    }
}

/// How long to wait after `n` failures.
fn pause(n: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << n.saturating_sub(1).min(16)).min(RETRY_MAX)
}

fn waiting(runtime: &Runtime) -> Vec<(Message, Channel)> {
    let state = runtime.state();
    let all = channel::messages(&state, runtime.clock().now());
    let known = |message: Message| {
        let channel = channel::find(&state, &message.channel)?.clone();
        Some((message, channel))
    };
    all.into_iter().filter_map(known).collect()
}

/// Leaves the message with the receiver.
///
/// # Errors
/// Why it was not taken, in a sentence.
async fn leave(
    outbound: &Outbound,
    channel: &Channel,
    message: &Message,
    now: Timestamp,
) -> Result<(), String> {
    let key = message::key(&secret::read(&channel.secret)?)?;
    let body = message::body(message);
    let headers = message::headers(&key, message.id, now, &body);
    let call = Call {
        method: Method::POST,
        url: &channel.url,
        headers,
        body: Some(body),
        timeout: TIMEOUT,
        body_bytes_max: BODY_BYTES_MAX,
    };
    let answer = outbound.call(call).await.map_err(|it| it.to_string())?;
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(format!("the receiver answered {}", answer.status)),
    }
}

async fn record(runtime: &Runtime, message: &Message, left: Result<(), String>) {
    let (channel, notice) = (message.channel.clone(), message.id);
    let command = match left {
        Ok(()) => Command::NoteTold { channel, notice },
        Err(reason) => Command::NoteUntold { channel, notice, reason },
    };
    let actor = shipway_runtime::ACTOR.to_owned();
    let submission = Submission { actor, key: None, command, generation: None };
    if let Err(error) = runtime.submit(submission).await {
        tracing::warn!(channel = %message.channel, %error, "whether a channel was told is not recorded");
    }
}

#[cfg(test)]
mod tests;
