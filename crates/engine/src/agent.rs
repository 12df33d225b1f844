//! The agents: which hosts there are, where, and with which labels.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::{Body, Event};

#[derive(Debug, Clone, Default)]
pub struct Agents {
    agents: BTreeMap<Name, Agent>,
    /// Those that are not heard of, since when.
    lost: BTreeMap<Name, Timestamp>,
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
        match &event.body {
            Body::AgentRegistered { host, address, labels } => {
                let (host, labels) = (host.clone(), labels.clone());
                let agent = Agent { host, address: *address, labels, registered: event.at };
                self.agents.insert(agent.host.clone(), agent);
            }
            Body::AgentLost { host } => {
                self.lost.entry(host.clone()).or_insert(event.at);
            }
            Body::AgentFound { host } => {
                self.lost.remove(host);
            }
            _ => {}
        }
    }

    /// Since when the host's agent counts as lost.
    pub fn lost_since(&self, host: &Name) -> Option<Timestamp> {
        self.lost.get(host).copied()
    }

    /// Only what is news becomes an event.
    pub(crate) fn report_lost(&self, host: &Name) -> Vec<Body> {
        let is_news = self.agents.contains_key(host) && !self.lost.contains_key(host);
        is_news.then(|| Body::AgentLost { host: host.clone() }).into_iter().collect()
    }

    pub(crate) fn report_found(&self, host: &Name) -> Vec<Body> {
        self.lost.contains_key(host).then(|| Body::AgentFound { host: host.clone() }).into_iter().collect()
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
