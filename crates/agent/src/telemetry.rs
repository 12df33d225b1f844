//! What everything that the agent starts says of itself in its telemetry: OpenTelemetry's resource attributes.

use std::collections::BTreeMap;

use shipway_model::plan::Instance;
use shipway_model::{Name, RolloutId};

/// Read by every OpenTelemetry SDK: `key=value` pairs behind commas.
const VARIABLE: &str = "OTEL_RESOURCE_ATTRIBUTES";

pub(crate) type Attribute = (&'static str, String);

pub(crate) fn of_instance(instance: &Instance) -> Vec<Attribute> {
    let Instance { environment, service, version, target } = instance;
    vec![
        ("service.name", service.to_string()),
        ("service.version", version.to_string()),
        // Old and new stand side by side on one host.
        ("service.instance.id", format!("{target}/{service}/{version}")),
        ("deployment.environment.name", environment.to_string()),
        ("host.name", target.to_string()),
    ]
}

pub(crate) fn of_command(host: &Name, environment: &Name, service: Option<&Name>) -> Vec<Attribute> {
    let mut all =
        vec![("deployment.environment.name", environment.to_string()), ("host.name", host.to_string())];
    all.extend(service.map(|it| ("service.name", it.to_string())));
    all
}

pub(crate) fn of_rollout(rollout: RolloutId) -> Attribute {
    ("shipway.rollout.id", rollout.to_string())
}

/// Adds the attributes to those that a contract declares. It may say more, and nothing else of these.
pub(crate) fn add(attributes: Vec<Attribute>, variables: &mut BTreeMap<String, String>) {
    let declared = variables.remove(VARIABLE).unwrap_or_default();
    let is_ours = |pair: &&str| attributes.iter().any(|(key, _)| pair.split('=').next() == Some(*key));
    let others = declared.split(',').map(str::trim).filter(|it| !it.is_empty() && !is_ours(it));
    let ours = attributes.iter().map(|(key, value)| format!("{key}={}", encoded(value)));
    let all: Vec<String> = ours.chain(others.map(str::to_owned)).collect();
    variables.insert(VARIABLE.to_owned(), all.join(","));
}

/// As W3C Baggage writes values, which is how the variable is read.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'+' | b'/' => {
                text.push(char::from(byte))
            }
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_may_add_and_not_contradict() {
        let mut variables =
            BTreeMap::from([(VARIABLE.to_owned(), "team=shop, service.version=9 ,".to_owned())]);
        add(vec![("service.version", "1.0.0+b,c".to_owned())], &mut variables);
        assert_eq!(variables[VARIABLE], "service.version=1.0.0+b%2Cc,team=shop");
        let mut none = BTreeMap::new();
        add(vec![("host.name", "a".to_owned())], &mut none);
        assert_eq!(none[VARIABLE], "host.name=a");
    }
}
