//! The agents: which hosts there are, where, and with which labels.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::{Body, Event};

#[derive(Debug, Clone, Default)]
pub struct Agents {
    agents: BTreeMap<Name, Agent>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    pub host: Name,
    pub address: IpAddr,
    pub labels: BTreeMap<String, String>,
    pub registered: Timestamp,
}

impl Agent {
    pub fn zone(&self) -> &str {
        self.label("zone")
    }

    /// The value of a label; empty without one.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub fn has_labels(&self, wanted: &BTreeMap<String, String>) -> bool {
        wanted.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

impl Agents {
    pub fn get(&self, host: &Name) -> Option<&Agent> {
        self.agents.get(host)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        if let Body::AgentRegistered { host, address, labels } = &event.body {
            let agent =
                Agent { host: host.clone(), address: *address, labels: labels.clone(), registered: event.at };
            self.agents.insert(host.clone(), agent);
        }
    }

    pub(crate) fn register(
        &self,
        host: &Name,
        address: IpAddr,
        labels: &BTreeMap<String, String>,
    ) -> Vec<Body> {
        match self.agents.get(host) {
            Some(agent) if agent.address == address && agent.labels == *labels => Vec::new(),
            _ => vec![Body::AgentRegistered { host: host.clone(), address, labels: labels.clone() }],
        }
    }
}
