//! Which alerting rules a Prometheus has loaded, and which of them it cannot evaluate.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use shipway_model::Name;
use shipway_model::gate::facts::AlertRules;
use shipway_model::resource::metric::{Endpoint, Source};
use tokio::task::JoinSet;

use super::api;
use crate::asking::AskError;
use crate::outbound::Outbound;

/// Longest reason of Prometheus' that is kept, in characters.
const REASON_CHARS_MAX: usize = 200;

/// What each Prometheus among the sources has loaded, all asked at once. The other sources know no rules, and are left out.
pub async fn alert_rules(sources: BTreeMap<Name, Source>) -> BTreeMap<Name, AlertRules> {
    let outbound = Outbound::new();
    let mut asking = JoinSet::new();
    for (name, source) in sources {
        let Source::Prometheus(endpoint) = source else { continue };
        let outbound = outbound.clone();
        asking.spawn(async move { (name, ask(&outbound, &endpoint).await) });
    }
    // Facts are kept: no part of an answer that somebody else made stands in them whole.
    let fault =
        |error: AskError| AlertRules { fault: Some(cut(&error.to_string())), ..AlertRules::default() };
    let found = asking.join_all().await.into_iter();
    found.map(|(name, rules)| (name, rules.unwrap_or_else(fault))).collect()
}

async fn ask(outbound: &Outbound, source: &Endpoint) -> Result<AlertRules, AskError> {
    let body = api(outbound, source).ask(Method::GET, "/api/v1/rules?type=alert", None).await?;
    read(&body).map_err(AskError::Invalid)
}

/// The parts of the answer that are looked at.
#[derive(Deserialize)]
struct Whole {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    health: String,
    #[serde(default)]
    last_error: String,
}

fn read(body: &[u8]) -> Result<AlertRules, String> {
    let whole: Whole = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut found = AlertRules::default();
    let rules = whole.data.groups.into_iter().flat_map(|it| it.rules).filter(|it| it.kind == "alerting");
    for rule in rules {
        let name = cut(&rule.name);
        // A rule that was loaded just now is `unknown` until it is evaluated for the first time.
        if rule.health == "err" {
            found.failing.insert(name.clone(), cut(&rule.last_error));
        }
        found.alerts.insert(name);
    }
    Ok(found)
}

fn cut(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Prometheus' documentation has it ("Rules"), with a rule that fails.
    const ANSWER: &str = r#"{ "status": "success", "data": { "groups": [{ "name": "example", "file": "/rules.yaml", "interval": 60,
        "limit": 0, "rules": [
        { "alerts": [], "annotations": { "summary": "High request latency" }, "duration": 600, "health": "ok",
          "labels": { "severity": "page" }, "name": "HighRequestLatency", "query": "x > 0.5", "type": "alerting" },
        { "health": "ok", "name": "job:http_inprogress_requests:sum", "query": "sum by (job) (x)", "type": "recording" },
        { "health": "err", "lastError": "vector contains metrics with the same labelset", "name": "Broken", "type": "alerting",
          "query": "x" }] }] } }"#;

    #[test]
    fn alerting_rules_are_found_and_recording_ones_are_not() {
        let rules = read(ANSWER.as_bytes()).unwrap();
        assert_eq!(
            rules.alerts.iter().map(String::as_str).collect::<Vec<_>>(),
            ["Broken", "HighRequestLatency"]
        );
        assert_eq!(rules.failing["Broken"], "vector contains metrics with the same labelset");
        for none in ["", "{}", r#"{"data":{"groups":{}}}"#, "<html>"] {
            assert!(read(none.as_bytes()).is_err(), "{none}");
        }
    }
}
