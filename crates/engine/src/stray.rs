//! What agents found on their hosts and no order put there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::{Body, Event};
use shipway_model::stray::{STRAYS_MAX, Stray};

use crate::decide::TEXT_BYTES_MAX;

#[derive(Debug, Clone, Default)]
pub struct Strays {
    by_host: BTreeMap<Name, BTreeMap<Stray, Timestamp>>,
}

impl Strays {
    /// Those that are there now, with their hosts and since when they are known.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Stray, Timestamp)> {
        self.by_host
            .iter()
            .flat_map(|(host, all)| all.iter().map(move |(stray, since)| (host, stray, *since)))
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::StrayFound { host, stray } => {
                self.by_host.entry(host.clone()).or_default().insert(stray.clone(), event.at);
            }
            Body::StrayGone { host, stray } => {
                if let Some(all) = self.by_host.get_mut(host) {
                    all.remove(stray);
                }
            }
            _ => {}
        }
    }

    /// Everything that a host has now; only what is news becomes an event.
    pub(crate) fn report(&self, host: &Name, found: &[Stray]) -> Vec<Body> {
        let is_told =
            |it: &&Stray| it.detail.len() <= TEXT_BYTES_MAX && !it.detail.chars().any(char::is_control);
        let found: BTreeSet<&Stray> = found.iter().filter(is_told).take(STRAYS_MAX).collect();
        let none = BTreeMap::new();
        let known = self.by_host.get(host).unwrap_or(&none);
        let gone = known.keys().filter(|it| !found.contains(it));
        let gone = gone.map(|it| Body::StrayGone { host: host.clone(), stray: it.clone() });
        let new = found.iter().filter(|it| !known.contains_key(**it));
        gone.chain(new.map(|it| Body::StrayFound { host: host.clone(), stray: (*it).clone() })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stray(detail: &str) -> Stray {
        serde_json::from_value(serde_json::json!({
            "environment": "production", "service": "web", "version": "1.0.0", "kind": "changed", "detail": detail,
        }))
        .unwrap()
    }

    #[test]
    fn only_news_is_an_event_and_what_is_gone_is_told_too() {
        let (mut strays, host) = (Strays::default(), "host-a".parse::<Name>().unwrap());
        let mut report = |found: &[Stray]| {
            let bodies = strays.report(&host, found);
            for body in &bodies {
                let event = Event {
                    schema: Default::default(),
                    tenant: "default".parse().unwrap(),
                    actor: "agent:host-a".to_owned(),
                    at: Timestamp::UNIX_EPOCH,
                    body: body.clone(),
                };
                strays.apply(&event);
            }
            (bodies.len(), strays.iter().count())
        };
        assert_eq!(report(&[stray("a"), stray("b")]), (2, 2));
        assert_eq!(report(&[stray("b"), stray("a")]), (0, 2), "in any order");
        assert_eq!(report(&[stray("b"), stray("c")]), (2, 2));
        assert_eq!(
            report(&[stray("\u{1b}[31m"), stray(&"x".repeat(3000))]),
            (2, 0),
            "and nothing that steers"
        );
    }
}
