//! Alertmanager's v2 API, as far as silences need it.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shipway_model::plan::Silence;
use shipway_model::resource::environment::Alertmanager;

use super::Key;
use crate::asking::{now, variable, written};
use crate::outbound::{Answer, Call, CallError, Outbound};

const TIMEOUT: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 8 << 20;
/// A silence ends by itself after this, should nobody end it with its step; it is prolonged before.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
const PROLONGED_BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// Whoever made it.
const CREATOR: &str = "shipway";
/// Alerts of this severity pass whatever is silenced, however it is written.
const NEVER_SILENCED: &str = "(?i:critical)";
/// Alerts of one silence that are listed.
const ALERTS_MAX: usize = 100;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("Alertmanager answered {0}: {1}")]
    Status(StatusCode, String),
    #[error("Alertmanager's answer makes no sense: {0}")]
    Invalid(String),
    #[error("{0}")]
    Token(String),
}

pub(super) struct Connection<'c> {
    outbound: &'c Outbound,
    alertmanager: &'c Alertmanager,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matcher {
    name: String,
    value: String,
    is_regex: bool,
    is_equal: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
    ends_at: Timestamp,
    status: Value,
    matchers: Vec<Matcher>,
}

impl<'c> Connection<'c> {
    pub(super) fn new(outbound: &'c Outbound, alertmanager: &'c Alertmanager) -> Self {
        Self { outbound, alertmanager }
    }

    /// Makes a silence, or prolongs the one of this id. Answers with its id and its end.
    pub(super) async fn set(&self, key: &Key, id: Option<&str>) -> Result<(String, Timestamp), Fault> {
        let (starts, ends) = (now(), now() + LIFETIME);
        let mut body = json!({
            "matchers": matchers(&key.silence),
            "startsAt": written(starts), "endsAt": written(ends),
            "createdBy": CREATOR, "comment": comment(key),
        });
        if let Some(id) = id {
            body["id"] = json!(id);
        }
        let answer = self.call(Method::POST, "/api/v2/silences", Some(body)).await?;
        let id = answer.get("silenceID").and_then(Value::as_str);
        let id = id.ok_or_else(|| Fault::Invalid("it names no silence".to_owned()))?;
        Ok((id.to_owned(), ends))
    }

    /// The silences that a control plane has made and that stand, with their ids and ends.
    pub(super) async fn ours(&self) -> Result<Vec<(Key, String, Timestamp)>, Fault> {
        let answer = self.call(Method::GET, "/api/v2/silences", None).await?;
        let all: Vec<Listed> = serde_json::from_value(answer).map_err(|it| Fault::Invalid(it.to_string()))?;
        let stands = |it: &Listed| it.created_by == CREATOR && it.status["state"] == "active";
        let found = all.into_iter().filter(stands);
        Ok(found.filter_map(|it| Some((key_of(&it)?, it.id, it.ends_at))).collect())
    }

    /// The labels of the alerts that it keeps quiet now.
    pub(super) async fn silenced_by(&self, id: &str) -> Result<Vec<BTreeMap<String, String>>, Fault> {
        let path = "/api/v2/alerts?active=false&silenced=true&inhibited=true";
        let answer = self.call(Method::GET, path, None).await?;
        let alerts = answer.as_array().ok_or_else(|| Fault::Invalid("it lists no alerts".to_owned()))?;
        let is_quiet = |it: &&Value| {
            it["status"]["silencedBy"].as_array().is_some_and(|all| all.iter().any(|it| it == id))
        };
        let labels = |it: &Value| serde_json::from_value(it["labels"].clone()).ok();
        Ok(alerts.iter().filter(is_quiet).filter_map(labels).take(ALERTS_MAX).collect())
    }

    pub(super) async fn end(&self, id: &str) -> Result<(), Fault> {
        match self.call(Method::DELETE, &format!("/api/v2/silence/{id}"), None).await {
            // Somebody else has ended it.
            Ok(_) | Err(Fault::Status(StatusCode::NOT_FOUND, _)) => Ok(()),
            Err(Fault::Status(_, text)) if text.contains("expired") => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Fault> {
        let url = format!("{}{path}", self.alertmanager.url.trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(name) = &self.alertmanager.token_variable {
            let token = variable(name).map_err(|it| Fault::Token(it.to_string()))?;
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let value = value.map_err(|_| Fault::Token(format!("the variable {name} holds no token")))?;
            headers.insert(AUTHORIZATION, value);
        }
        let body = body.map(|it| it.to_string().into());
        let call =
            Call { method, url: &url, headers, body, timeout: TIMEOUT, body_bytes_max: BODY_BYTES_MAX };
        let answer = self.outbound.call(call).await?;
        read(&answer)
    }
}

fn read(answer: &Answer) -> Result<Value, Fault> {
    if !answer.status.is_success() {
        return Err(Fault::Status(answer.status, answer.excerpt()));
    }
    if answer.is_cut {
        return Err(Fault::Invalid(format!("it has more than {BODY_BYTES_MAX} bytes")));
    }
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&answer.body).map_err(|it| Fault::Invalid(it.to_string()))
}

/// Whether it is time to prolong it.
pub(super) fn is_near(ends: Timestamp) -> bool {
    ends.duration_since(now()) < PROLONGED_BEFORE
}

/// Exactly this alert with these labels, and nothing critical.
fn matchers(silence: &Silence) -> Vec<Matcher> {
    let equal = |name: &str, value: &str| Matcher {
        name: name.to_owned(),
        value: value.to_owned(),
        is_regex: false,
        is_equal: true,
    };
    let severity = Matcher {
        name: "severity".to_owned(),
        value: NEVER_SILENCED.to_owned(),
        is_regex: true,
        is_equal: false,
    };
    let labels = silence.labels.iter().map(|(name, value)| equal(name, value));
    std::iter::once(equal("alertname", &silence.alert)).chain(labels).chain([severity]).collect()
}

/// For people, and for a control plane that starts again.
fn comment(key: &Key) -> String {
    format!("expected while step {} of rollout {} is under way", key.step, key.rollout)
}

fn key_of(listed: &Listed) -> Option<Key> {
    let rest = listed.comment.strip_prefix("expected while step ")?;
    let (step, rest) = rest.split_once(" of rollout ")?;
    let rollout = rest.strip_suffix(" is under way")?;
    let mut silence = Silence { alert: String::new(), labels: BTreeMap::new() };
    for it in listed.matchers.iter().filter(|it| it.is_equal && !it.is_regex) {
        match it.name.as_str() {
            "alertname" => silence.alert.clone_from(&it.value),
            name => {
                silence.labels.insert(name.to_owned(), it.value.clone());
            }
        }
    }
    let step = shipway_model::plan::StepId(step.parse().ok()?);
    Some(Key { rollout: rollout.parse().ok()?, step, silence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_known_again_by_what_it_says() {
        let labels = [("instance".to_owned(), "web@host-a".to_owned())].into();
        let key = Key {
            rollout: "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap(),
            step: shipway_model::plan::StepId(7),
            silence: Silence { alert: "InstanceDown".to_owned(), labels },
        };
        let listed = json!({
            "id": "x", "createdBy": CREATOR, "comment": comment(&key), "endsAt": "2026-03-14T09:26:53Z",
            "status": {"state": "active"}, "matchers": matchers(&key.silence),
        });
        assert_eq!(key_of(&serde_json::from_value(listed).unwrap()), Some(key));
    }

    #[test]
    fn critical_is_never_covered() {
        let silence = Silence { alert: "InstanceDown".to_owned(), labels: BTreeMap::new() };
        let all = matchers(&silence);
        let severity = all.iter().find(|it| it.name == "severity").unwrap();
        assert!(severity.is_regex && !severity.is_equal && severity.value.contains("critical"));
    }
}
