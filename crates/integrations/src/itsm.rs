//! Brings the changes of a control plane into ITSM tools, and keeps them up to date there.
//!
//! What is to be shown follows from the ledger (`engine::itsm::wanted`); what is shown is recorded there. A change is looked up
//! by our own name for it before it is opened, so that one whose opening was not recorded, because something died in between, is
//! found and not opened twice.

mod jira;
mod opening;
mod service_now;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use shipway_engine::Command;
use shipway_engine::itsm::{Wanted, wanted};
use shipway_model::ChangeId;
use shipway_model::Name;
use shipway_model::itsm::Mirrored;
use shipway_model::resource::mirror::{Mirror, Tool};
use shipway_runtime::{Runtime, Submission};

use crate::background::{self, Background};
use crate::outbound::{Call, CallError, Outbound};
use crate::secret;

use opening::Openings;

const TIMEOUT: Duration = Duration::from_secs(20);
const BODY_BYTES_MAX: usize = 1 << 20;
/// The ledger is looked at whenever it grows, and after this at the latest: a tool may have failed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(50);
/// A change whose tool failed is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why a tool does not show a change as it stands.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Call(String),
    #[error("the tool answered {0}: {1}")]
    Status(StatusCode, String),
    #[error("the tool's answer makes no sense: {0}")]
    Invalid(String),
    #[error("{0}")]
    Secret(String),
    #[error("it cannot be noted that it is about to be opened: {0}")]
    Note(std::io::Error),
}

/// Mirroring. Dropped, it goes on for as long as the process; [`Mirroring::stop`] ends it.
pub struct Mirroring(Background);

impl Mirroring {
    /// Mirrors from now on. Of several control planes that share the folder of `lock`, one does.
    pub fn start(runtime: Runtime, lock: PathBuf) -> Self {
        Self(Background::start("the mirroring of changes", work(runtime, lock)))
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}

async fn work(runtime: Runtime, lock: PathBuf) {
    let outbound = Outbound::new();
    let openings = Openings::new(lock.with_file_name("mirror-openings"));
    let mut grown = runtime.subscribe();
    let mut failed: BTreeMap<(ChangeId, Name), Instant> = BTreeMap::new();
    let mut sole = None;
    loop {
        grown.mark_unchanged();
        sole = sole.or_else(|| background::sole(&lock));
        if sole.is_some() {
            failed.retain(|_, at| at.elapsed() < RETRY_AFTER);
            for (it, mirror) in missing(&runtime) {
                let key = (it.change, it.mirror.clone());
                if failed.contains_key(&key) {
                    continue;
                }
                let now = runtime.clock().now();
                let Some(brought) = bring_once(&outbound, &openings, &mirror, &it, now).await else {
                    continue;
                };
                if brought.is_err() {
                    failed.insert(key, Instant::now());
                }
                let is_known = !matches!(brought, Err(Fault::Call(_)));
                record(&runtime, &it, brought).await;
                if is_known {
                    openings.settle(it.change, &it.mirror);
                }
            }
        }
        // An end of the ledger is the end of this too.
        if let Ok(Err(_)) = tokio::time::timeout(LOOK_INTERVAL, grown.changed()).await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn missing(runtime: &Runtime) -> Vec<(Wanted, Mirror)> {
    let state = runtime.state();
    let all = wanted(&state, runtime.clock().now());
    all.into_iter()
        .filter_map(|it| {
            let mirror = shipway_engine::itsm::declared(&state, &it.mirror)?.clone();
            Some((it, mirror))
        })
        .collect()
}

async fn record(runtime: &Runtime, it: &Wanted, brought: Result<Mirrored, Fault>) {
    let id = it.change;
    let command = match brought {
        Ok(mirrored) => Command::NoteMirrored { id, mirrored },
        Err(fault) => Command::NoteMirrorFailure { id, mirror: it.mirror.clone(), reason: fault.to_string() },
    };
    let actor = shipway_runtime::ACTOR.to_owned();
    let submission = Submission { actor, key: None, command, generation: None };
    if let Err(error) = runtime.submit(submission).await {
        tracing::warn!(%id, %error, "what an ITSM tool shows is not recorded");
    }
}

/// The same as [`bring`], but not while an earlier opening of the same change may be hidden from the tool's search still. None
/// then: it is looked at again.
async fn bring_once(
    outbound: &Outbound,
    openings: &Openings,
    mirror: &Mirror,
    wanted: &Wanted,
    now: Timestamp,
) -> Option<Result<Mirrored, Fault>> {
    let lags = mirror.tool == Tool::JiraServiceManagement && wanted.mirrored.is_none();
    if lags {
        if openings.waits(wanted.change, &wanted.mirror, now) {
            return None;
        }
        if let Err(error) = openings.note(wanted.change, &wanted.mirror, now) {
            return Some(Err(Fault::Note(error)));
        }
    }
    Some(bring(outbound, mirror, wanted).await)
}

/// Has the tool show the change as it is wanted: found or opened, and brought up to date.
async fn bring(outbound: &Outbound, mirror: &Mirror, wanted: &Wanted) -> Result<Mirrored, Fault> {
    let connection = Connection::new(outbound, mirror)?;
    let known = wanted
        .mirrored
        .as_ref()
        .map(|it| Opened { reference: it.reference.clone(), number: it.number.clone() });
    let opened = match mirror.tool {
        Tool::ServiceNow => service_now::bring(&connection, mirror, wanted, known).await?,
        Tool::JiraServiceManagement => jira::bring(&connection, mirror, wanted, known).await?,
    };
    let Opened { reference, number } = opened;
    Ok(Mirrored { mirror: wanted.mirror.clone(), reference, number, digest: wanted.digest })
}

/// A change that is open in the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opened {
    reference: String,
    number: String,
}

struct Connection<'c> {
    outbound: &'c Outbound,
    base: &'c str,
    headers: HeaderMap,
}

impl<'c> Connection<'c> {
    fn new(outbound: &'c Outbound, mirror: &'c Mirror) -> Result<Self, Fault> {
        let secret = secret::read(&mirror.secret).map_err(Fault::Secret)?;
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{secret}", mirror.user)));
        let mut basic = HeaderValue::from_str(&basic).expect("base64 is plain");
        basic.set_sensitive(true);
        let json = HeaderValue::from_static("application/json");
        let headers = [(AUTHORIZATION, basic), (ACCEPT, json.clone()), (CONTENT_TYPE, json)];
        Ok(Self { outbound, base: mirror.url.trim_end_matches('/'), headers: headers.into_iter().collect() })
    }

    /// The answer's JSON; nothing where it has no body.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let url = format!("{}{path}", self.base);
        let call = Call {
            method,
            url: &url,
            headers: self.headers.clone(),
            body: body.map(|it| it.to_string().into_bytes()),
            timeout: TIMEOUT,
            body_bytes_max: BODY_BYTES_MAX,
        };
        let answer = self.outbound.call(call).await.map_err(|it: CallError| Fault::Call(it.to_string()))?;
        if !answer.status.is_success() {
            return Err(Fault::Status(answer.status, answer.excerpt()));
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|error| Fault::Invalid(error.to_string()))
    }
}

/// The mirror's own fields over the built-in ones, with the words in place.
fn fields(mirror: &Mirror, wanted: &Wanted, built_in: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> =
        built_in.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect();
    fields.extend(mirror.fields.clone());
    for text in fields.values_mut() {
        for (word, value) in &wanted.words {
            *text = text.replace(&format!("${{{word}}}"), value);
        }
    }
    fields
}

/// What the state of the change is called in the tool, where the mirror says so.
fn state<'m>(mirror: &'m Mirror, wanted: &Wanted) -> Option<&'m str> {
    mirror.states.get(wanted.words.get("state")?).map(String::as_str)
}

#[cfg(test)]
mod tests;
