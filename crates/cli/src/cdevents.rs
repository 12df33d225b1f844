//! What happened, in the words of CDEvents 0.3 (<https://cdevents.dev>), told as CloudEvents 1.0.
//!
//! Told are builds that were registered, and what rollouts did to services when they ended. The id of an event follows from its
//! place in the ledger, so whoever gets it twice knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shipway_api::view::ledger::LedgerEvent;
use shipway_model::evidence::Tests;

/// Of the specification.
const VERSION: &str = "0.3.0";
const TESTED: &str = "testsuiterun.finished.0.1.0";

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
            "ci.reported" => {
                let reports = data["delivery"]["reports"].as_array().into_iter().flatten();
                let tests = reports.enumerate().filter(|(_, it)| it["deed"] == "tests-finished");
                tests.filter_map(|(idx, it)| reported(event, idx, it)).collect()
            }
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

/// What a test report came to that was attached; nothing where no test ran. An event names the report, and not what is in it.
pub(crate) fn tested(event: &LedgerEvent, tests: &Tests) -> Option<CdEvent> {
    let evidence = &event.event["data"]["evidence"];
    let id = event.event["data"]["id"].as_str()?;
    let name = evidence["fileName"].as_str().unwrap_or(id);
    let n_bad = tests.failed + tests.errors;
    let outcome = match (n_bad, tests.passed) {
        (0, 0) => return None,
        (0, _) => "pass",
        (_, _) => "fail",
    };
    let mut content = suite(name, outcome);
    if n_bad > 0 {
        content["reason"] = json!(format!("{n_bad} of {} tests failed", tests.total));
    }
    Some(told(event, TESTED, "testSuiteRun", id, "", content))
}

/// What a CI system told of tests, passed on. One that was cancelled came to nothing else.
fn reported(event: &LedgerEvent, idx: usize, report: &Value) -> Option<CdEvent> {
    let outcome = match report["result"].as_str()? {
        "passed" => "pass",
        "failed" => "fail",
        _ => "cancel",
    };
    let (webhook, delivery) = (&event.event["data"]["webhook"], &event.event["data"]["delivery"]["id"]);
    let id = format!("{}/{}/{idx}", webhook.as_str()?, delivery.as_str()?);
    let content = suite(report["name"].as_str().filter(|it| !it.is_empty()).unwrap_or(&id), outcome);
    Some(told(event, TESTED, "testSuiteRun", &id, &idx.to_string(), content))
}

/// The specification wants an environment; where tests ran is not known here.
fn suite(name: &str, outcome: &str) -> Value {
    json!({ "outcome": outcome, "environment": { "id": "unknown" }, "testSuite": { "id": name } })
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
    fn tests_are_told_as_they_went() {
        let tests = |passed, failed| Tests { total: passed + failed, passed, failed, ..Tests::default() };
        let attached = json!({ "id": "evi_1", "evidence": { "fileName": "junit.xml", "kinds": ["tests"] } });
        let attached = event(6, "evidence.attached", &attached);
        let it = tested(&attached, &tests(3, 0)).unwrap();
        assert_eq!(it.kind, "dev.cdevents.testsuiterun.finished.0.1.0");
        assert_eq!((it.id.as_str(), it.subject.as_str()), ("default-6", "evi_1"));
        assert_eq!(it.document["subject"]["type"], "testSuiteRun");
        let content = |it: &CdEvent| it.document["subject"]["content"].clone();
        assert_eq!((content(&it)["outcome"].as_str(), &content(&it)["reason"]), (Some("pass"), &Value::Null));
        let bad = content(&tested(&attached, &tests(3, 1)).unwrap());
        assert_eq!((&bad["outcome"], &bad["reason"]), (&json!("fail"), &json!("1 of 4 tests failed")));
        assert_eq!(bad["testSuite"]["id"], "junit.xml");
        assert_eq!(tested(&attached, &tests(0, 0)), None, "nothing ran");

        let reports = json!([
            { "deed": "build-finished", "result": "passed" },
            { "deed": "tests-finished", "name": "unit", "result": "cancelled" },
            { "deed": "tests-finished", "name": "e2e" },
        ]);
        let delivery = json!({ "webhook": "github", "delivery": { "id": "72d3", "reports": reports } });
        let told = Teller::default().take(&event(7, "ci.reported", &delivery));
        let [it] = &told[..] else { panic!("{told:?}") };
        assert_eq!((it.id.as_str(), it.subject.as_str()), ("default-7-1", "github/72d3/1"));
        assert_eq!(
            (&content(it)["outcome"], &content(it)["testSuite"]["id"]),
            (&json!("cancel"), &json!("unit"))
        );
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
