//! What a calendar says: yes or no, by which rule, until when, and when next.

use jiff::Timestamp;
use serde::Serialize;
use shipway_model::resource::calendar::{Caught, WhenClosed};

use super::rule::RuleRef;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub at: Timestamp,
    pub allowed: bool,
    /// The rule that decides; absent when no rule covers the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<RuleRef>,
    /// When the answer changes; absent when it does not within the time looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The slot that is open, or the next one; absent when there is none within the time looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Slot>,
    /// Every rule that has a say now, the deciding one first.
    pub reasons: Vec<Reason>,
    /// What the rules that say no want of a rollout that is under way; the most careful of them.
    #[serde(skip)]
    pub caught: Option<Caught>,
    /// Whether the rules that say no want a rollout that is asked for to wait or to be refused.
    #[serde(skip)]
    pub closed: WhenClosed,
}

/// A stretch in which nothing is against it. `until` itself no longer belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    pub from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    #[serde(flatten)]
    pub rule: RuleRef,
    /// Whether this rule lets it through now.
    pub allows: bool,
    /// When that changes, as far as this rule goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// A sentence for people.
    pub text: String,
}

impl Answer {
    /// Why not, in one sentence; empty when it is allowed.
    pub fn refusal(&self) -> String {
        let said: Vec<&str> =
            self.reasons.iter().filter(|it| !it.allows).map(|it| it.text.as_str()).collect();
        said.join("; ")
    }

    /// When it may, in words.
    pub fn next_slot(&self) -> String {
        match self.next {
            Some(Slot { from, until: Some(until) }) => format!("{from}, until {until}"),
            Some(Slot { from, until: None }) => from.to_string(),
            None => "no time within a year".to_owned(),
        }
    }
}
