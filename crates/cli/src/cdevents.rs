//! What happened, in the words of CDEvents 0.3 (<https://cdevents.dev>), told as CloudEvents 1.0.
//!
//! Told are builds that were registered, and what rollouts did to services when they ended. The id of an event follows from its
//! place in the ledger, so whoever gets it twice knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shipway_api::view::ledger::LedgerEvent;

/// Of the specification.
const VERSION: &str = "0.3.0";

/// An event and the attributes that CloudEvents gives it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CdEvent {
    pub(crate) id: String,
    pub(crate) source: String,
    /// Such as `dev.cdevents.service.deployed.0.1.1`.
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) at: String,
    /// The CDEvent itself.
    pub(crate) document: Value,
}

/// Folds the ledger from its beginning: what a rollout was to bring is told when it is queued.
#[derive(Default)]
pub(crate) struct Teller {
    plans: BTreeMap<String, Value>,
}

impl Teller {
    /// What the next event of the ledger means to others.
    pub(crate) fn take(&mut self, event: &LedgerEvent) -> Vec<CdEvent> {
        let (body, data) = (&event.event, &event.event["data"]);
        match body["type"].as_str().unwrap_or_default() {
            "artifact.registered" => published(event, &data["artifact"]).into_iter().collect(),
            "rollout.queued" | "rollout.replanned" => {
                if let Some(id) = data["id"].as_str() {
                    self.plans.insert(id.to_owned(), data["plan"].clone());
                }
                Vec::new()
            }
            "rollout.ended" => {
                let plan = data["id"].as_str().and_then(|it| self.plans.get(it));
                plan.map(|plan| ended(event, plan, &data["end"])).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn published(event: &LedgerEvent, artifact: &Value) -> Option<CdEvent> {
    let (service, version) = (artifact["service"].as_str()?, artifact["version"].as_str()?);
    let id = package_url(service, version, artifact["digest"].as_str()?);
    Some(told(event, "artifact.published.0.1.1", "artifact", &id, "", json!({})))
}

/// Once for every service that the rollout changed.
fn ended(event: &LedgerEvent, plan: &Value, end: &Value) -> Vec<CdEvent> {
    let went_well = end.get("succeeded").is_some();
    if !went_well && end.get("rolledBack").is_none() {
        // Where one stands that was stopped half way is for people to find out.
        return Vec::new();
    }
    let environment = json!({ "id": plan["environment"] });
    let services = plan["services"].as_array().into_iter().flatten().filter(|it| it["from"] != it["to"]);
    let tell = |it: &Value| {
        let name = it["service"].as_str()?;
        let artifact =
            |it: &Value| Some(package_url(name, it["version"].as_str()?, it["artifact"].as_str()?));
        let (before, after) = (artifact(&it["from"]), artifact(&it["to"])?);
        let (kind, artifact) = match (went_well, before) {
            (true, None) => ("service.deployed.0.1.1", Some(after)),
            (true, Some(_)) => ("service.upgraded.0.1.1", Some(after)),
            (false, Some(before)) => ("service.rolledback.0.1.1", Some(before)),
            (false, None) => ("service.removed.0.1.1", None),
        };
        let mut content = json!({ "environment": environment });
        if let Some(artifact) = artifact {
            content["artifactId"] = json!(artifact);
        }
        Some(told(event, kind, "service", name, name, content))
    };
    services.filter_map(tell).collect()
}

fn package_url(service: &str, version: &str, digest: &str) -> String {
    format!("pkg:generic/{service}@{}?checksum={digest}", version.replace('+', "%2B"))
}

fn told(event: &LedgerEvent, kind: &str, subject: &str, about: &str, part: &str, content: Value) -> CdEvent {
    let text = |key: &str| event.event[key].as_str().unwrap_or_default().to_owned();
    let (source, at) = (format!("/shipway/{}", text("tenant")), text("at"));
    let id = match part {
        "" => format!("{}-{}", text("tenant"), event.position),
        part => format!("{}-{}-{part}", text("tenant"), event.position),
    };
    let kind = format!("dev.cdevents.{kind}");
    let document = json!({
        "context": { "version": VERSION, "id": id, "source": source, "type": kind, "timestamp": at },
        "subject": { "id": about, "source": source, "type": subject, "content": content },
    });
    CdEvent { id, source, kind, subject: about.to_owned(), at, document }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: u64, kind: &str, data: &Value) -> LedgerEvent {
        let event = json!({
            "schema": "shipway.dev/event/v1", "tenant": "default", "actor": "ana", "at": "2026-03-14T09:26:53Z",
            "type": kind, "data": data,
        });
        let digest = format!("sha256:{}", "0".repeat(64));
        serde_json::from_value(json!({ "position": position, "leaf": digest, "event": event })).unwrap()
    }

    fn build(version: &str) -> Value {
        json!({ "version": version, "artifact": format!("sha256:{}", version.replace('.', "")), "contract": "x" })
    }

    fn told_by(end: &Value, from: &Value) -> Vec<CdEvent> {
        let mut teller = Teller::default();
        let plan = json!({ "environment": "production", "services": [
            { "service": "web", "from": from, "to": build("1.1.0") },
            { "service": "same", "from": build("1.0.0"), "to": build("1.0.0") },
        ]});
        assert_eq!(teller.take(&event(3, "rollout.queued", &json!({ "id": "rol_1", "plan": plan }))), []);
        teller.take(&event(4, "rollout.ended", &json!({ "id": "rol_1", "end": end })))
    }

    #[test]
    fn what_rollouts_did_is_told_service_by_service() {
        let check = |end: Value, from: Value, kind: &str, artifact: Option<&str>| {
            let events = told_by(&end, &from);
            let [it] = &events[..] else { panic!("{events:?}") };
            assert_eq!(it.kind, format!("dev.cdevents.service.{kind}.0.1.1"));
            assert_eq!((it.id.as_str(), it.subject.as_str()), ("default-4-web", "web"));
            assert_eq!(it.document["subject"]["content"]["artifactId"].as_str(), artifact);
            assert_eq!(it.document["subject"]["content"]["environment"]["id"], "production");
            assert_eq!(it.document["context"]["type"], it.kind.as_str());
        };
        let (new, old) =
            ("pkg:generic/web@1.1.0?checksum=sha256:110", "pkg:generic/web@1.0.0?checksum=sha256:100");
        check(json!({ "succeeded": { "failedTargets": 0 } }), Value::Null, "deployed", Some(new));
        check(json!({ "succeeded": { "failedTargets": 0 } }), build("1.0.0"), "upgraded", Some(new));
        check(json!({ "rolledBack": {} }), build("1.0.0"), "rolledback", Some(old));
        check(json!({ "rolledBack": {} }), Value::Null, "removed", None);
        assert_eq!(told_by(&json!({ "aborted": { "reason": "" } }), &Value::Null), []);
    }

    #[test]
    fn a_registered_build_is_a_published_artifact() {
        let artifact = json!({ "service": "web", "version": "1.0.0+a", "digest": "sha256:ab" });
        let events =
            Teller::default().take(&event(2, "artifact.registered", &json!({ "artifact": artifact })));
        assert_eq!(events[0].kind, "dev.cdevents.artifact.published.0.1.1");
        assert_eq!(events[0].subject, "pkg:generic/web@1.0.0%2Ba?checksum=sha256:ab");
        assert_eq!(events[0].document["subject"]["content"], json!({}));
    }
}
