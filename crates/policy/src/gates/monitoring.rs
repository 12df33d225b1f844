//! Somebody would notice: what the service declares to be watched by, against the routes of its interface.

use std::collections::BTreeSet;

use serde_json::Value;
use shipway_model::contract::Contract;
use shipway_model::evidence::Kind;
use shipway_model::resource::policy::Monitoring;
use shipway_model::resource::service::{self, Watcher};

use super::{listed, missing};
use crate::counting::View;
use crate::found::Found;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub(crate) fn judge(rule: &Monitoring, view: &View<'_>) -> Found {
    let declared = view.facts.services.get(view.service).and_then(|it| it.monitoring.as_ref());
    let Some(declared) = declared else {
        return Found::missing(
            format!("{} does not declare what watches it", view.service),
            "shipway apply SERVICE.yaml  # with `monitoring`, and seal the release anew",
        );
    };
    let counted = view.evidence(Kind::Contracts);
    let all = counted.documents.iter().flat_map(|(_, it)| it.contracts.iter().flatten());
    let (routes, known) = (routes(all), known(view));
    if rule.routes && routes.is_empty() {
        return missing("contract that names routes", &counted, view);
    }
    let mut faults = Vec::new();
    for (wanted, word, watchers) in kinds(rule, declared) {
        if !wanted {
            continue;
        }
        if watchers.is_empty() {
            faults.push(format!("{} declares no {word}", view.service));
        } else if rule.routes {
            let bare = routes.iter().filter(|route| !watchers.iter().any(|it| it.covers(route)));
            let told = |route: &String| match known.contains(route) {
                true => format!("{route} has no {word}"),
                false => format!("{route}, which is new, has no {word}"),
            };
            faults.extend(listed(bare.map(told).collect()));
        }
    }
    if rule.loaded {
        let is_told = !declared.alerts.is_empty();
        faults.extend(listed(if is_told { not_loaded(declared, view) } else { Vec::new() }));
        faults.extend(listed(not_there(declared, view)));
    }
    let well = match rule.routes {
        true => format!("{} routes of {} are watched", routes.len(), view.service),
        false => format!("{} is watched", view.service),
    };
    Found::unless(faults, well).shown_by(if rule.routes { counted.ids() } else { Vec::new() })
}

/// Declared alerts that no Prometheus of the environment evaluates.
fn not_loaded(declared: &service::Monitoring, view: &View<'_>) -> Vec<String> {
    let sources = &view.facts.surroundings.alert_rules;
    if sources.is_empty() {
        let environment = &view.facts.environment;
        return vec![format!(
            "{environment} has no Prometheus among its metrics that could say which alerts are loaded"
        )];
    }
    let silent = sources.iter().filter_map(|(name, it)| Some((name, it.fault.as_ref()?)));
    let mut faults: Vec<String> =
        silent.map(|(name, why)| format!("{name} does not say which alerts are loaded: {why}")).collect();
    let asked = sources.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for alert in &declared.alerts {
        let mut holders = sources.iter().filter(|(_, it)| it.alerts.contains(&alert.name)).peekable();
        if holders.peek().is_none() {
            faults.push(format!("the alert {} is declared, and not loaded in {asked}", alert.name));
        }
        let broken = holders.filter_map(|(name, it)| Some((name, it.failing.get(&alert.name)?)));
        faults.extend(broken.map(|(name, why)| format!("{name} cannot evaluate {}: {why}", alert.name)));
    }
    faults
}

/// Declared dashboards that the environment's Grafana has not, where it names one.
fn not_there(declared: &service::Monitoring, view: &View<'_>) -> Vec<String> {
    let Some(seen) = &view.facts.surroundings.dashboards else { return Vec::new() };
    if let Some(why) = &seen.fault {
        return vec![format!("Grafana does not say which dashboards there are: {why}")];
    }
    let absent = declared.dashboards.iter().filter(|it| !seen.there.contains(&it.name));
    absent.map(|it| format!("the dashboard {} is declared, and Grafana has none such", it.name)).collect()
}

fn kinds<'a>(
    rule: &Monitoring,
    declared: &'a service::Monitoring,
) -> [(bool, &'static str, &'a [Watcher]); 3] {
    [
        (rule.dashboards, "dashboard", &declared.dashboards),
        (rule.alerts, "alert", &declared.alerts),
        (rule.traces, "traces", &declared.traces),
    ]
}

/// Routes of what runs.
fn known(view: &View<'_>) -> BTreeSet<String> {
    let baseline = view.baseline(Kind::Contracts);
    routes(baseline.iter().flat_map(|(_, it)| it.contracts.iter().flatten()))
}

/// Paths of OpenAPI, methods of Protobuf as gRPC has them, root fields of GraphQL, channels of AsyncAPI; each begins with `/`.
fn routes<'a>(contracts: impl Iterator<Item = &'a Contract>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let slashed = |it: &str| if it.starts_with('/') { it.to_owned() } else { format!("/{it}") };
    for contract in contracts {
        match contract {
            Contract::Openapi(it) => {
                let paths = it.document.get("paths").and_then(Value::as_object).into_iter().flatten();
                let answers = |item: &Value| METHODS.iter().any(|method| item.get(method).is_some());
                found.extend(paths.filter(|(_, it)| answers(it)).map(|(path, _)| slashed(path)));
            }
            Contract::Asyncapi(it) => {
                let channels = it.document.get("channels").and_then(Value::as_object).into_iter().flatten();
                found
                    .extend(channels.map(|(name, it)| {
                        slashed(it.get("address").and_then(Value::as_str).unwrap_or(name))
                    }));
            }
            Contract::Protobuf(it) => {
                let methods =
                    it.services.iter().flat_map(|(name, it)| it.keys().map(move |method| (name, method)));
                found.extend(methods.map(|(service, method)| format!("/{service}/{method}")));
            }
            Contract::Graphql(it) => {
                let roots = it.roots.values().filter_map(|name| Some((name, it.types.get(name)?)));
                for (name, root) in roots {
                    if let shipway_model::contract::Type::Object(fields) = root {
                        found.extend(fields.fields.keys().map(|field| format!("/{name}/{field}")));
                    }
                }
            }
            Contract::Pact(_) | Contract::PactVerification(_) => {}
        }
    }
    found
}
