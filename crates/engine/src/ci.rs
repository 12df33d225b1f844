//! What CI systems have told, and which registered builds it is about.
//!
//! It is kept to be looked at beside what counts. No decision reads it: what a sender says about its own builds is no evidence.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::ci::{Delivery, REPORTS_MAX, Report};
use shipway_model::event::{Body, Event};
use shipway_model::resource::{Key, Kind, Spec, Webhook};

use crate::{Code, Registered, Rejection, State};

/// Messages of each Webhook that are kept in memory, the newest; the ledger has all. One that comes again after so many others
/// counts again.
const MESSAGES_MAX: usize = 2000;
/// The longest id of a message, in bytes.
const ID_BYTES_MAX: usize = 300;

#[derive(Debug, Clone, Default)]
pub struct CiReports {
    by_webhook: BTreeMap<Name, VecDeque<Message>>,
}

/// What came at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub delivery: Delivery,
    pub at: Timestamp,
    /// Where it stands among the messages of its Webhook, from 0.
    pub number: u64,
}

impl CiReports {
    /// By Webhook, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Message)> {
        self.by_webhook.iter().flat_map(|(name, all)| all.iter().rev().map(move |it| (name, it)))
    }

    pub fn find(&self, webhook: &Name, delivery: &str) -> Option<&Message> {
        self.by_webhook.get(webhook)?.iter().find(|it| it.delivery.id == delivery)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        let Body::CiReported { webhook, delivery } = &event.body else { return };
        let all = self.by_webhook.entry(webhook.clone()).or_default();
        let number = all.back().map_or(0, |it| it.number + 1);
        all.push_back(Message { delivery: delivery.clone(), at: event.at, number });
        if all.len() > MESSAGES_MAX {
            all.pop_front();
        }
    }
}

pub fn declared<'s>(state: &'s State, name: &Name) -> Option<&'s Webhook> {
    match &state.catalogue.get(&Key { kind: Kind::Webhook, name: name.clone() })?.spec {
        Spec::Webhook(webhook) => Some(webhook),
        _ => None,
    }
}

/// The registered builds that a report is about: those with its bytes, or those of its commit where it names no bytes.
pub fn builds<'s>(state: &'s State, report: &Report) -> Vec<&'s Registered> {
    match (&report.artifact, &report.commit) {
        (Some(digest), _) => state.artifacts.with_digest(digest).collect(),
        (None, Some(commit)) => {
            state.artifacts.iter().filter(|it| is_same(&it.artifact.commit, commit)).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// Of two hashes of commits, one may be cut off, as Git shows them.
pub fn is_same(one: &str, other: &str) -> bool {
    const SHORTEST: usize = 7;
    one.len() >= SHORTEST && other.len() >= SHORTEST && (one.starts_with(other) || other.starts_with(one))
}

/// What a CI system tells, once.
///
/// # Errors
/// When there is no such Webhook, or the message is no such message.
pub(crate) fn hear(state: &State, webhook: &Name, delivery: &Delivery) -> Result<Vec<Body>, Rejection> {
    if declared(state, webhook).is_none() {
        let message = format!("there is no Webhook {webhook}");
        return Err(
            Rejection::new(Code::UnknownWebhook, message).hint("`shipway get webhook` shows those there are")
        );
    }
    let is_id = (1..=ID_BYTES_MAX).contains(&delivery.id.len()) && !delivery.id.chars().any(char::is_control);
    if !is_id || delivery.reports.len() > REPORTS_MAX {
        let message = format!("a message has an id and at most {REPORTS_MAX} reports");
        return Err(Rejection::new(Code::InvalidEvidence, message));
    }
    if delivery.reports.is_empty() || state.ci.find(webhook, &delivery.id).is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![Body::CiReported { webhook: webhook.clone(), delivery: delivery.clone() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_the_same_when_one_is_the_beginning_of_the_other() {
        assert!(is_same("da1560886d4f", "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"));
        assert!(is_same("da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "da15608"));
        assert!(!is_same("da1560", "da1560886d4f"), "six digits are no hash");
        assert!(!is_same("", ""), "two that are not known are not the same");
        assert!(!is_same("da15608", "da15609"));
    }
}
