//! Delegations: who speaks for whom, until when.
//!
//! A delegate fills the seat of whoever named them and cannot pass it on: what has no links has no loops.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::Millis;
use shipway_model::event::{Body, Event};

use crate::{Code, Context, Rejection};

/// The longest time for which somebody may let another speak.
pub const DELEGATION_MAX: Millis = Millis::from_secs(90 * 24 * 3600);

#[derive(Debug, Clone, Default)]
pub struct Delegations {
    /// By who let whom speak.
    granted: BTreeMap<(String, String), Vec<Delegation>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    pub from: String,
    pub to: String,
    pub granted: Timestamp,
    pub until: Timestamp,
    pub ended: Option<Timestamp>,
    pub reason: String,
}

impl Delegation {
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.granted <= at && at < self.until && self.ended.is_none_or(|ended| at < ended)
    }
}

impl Delegations {
    pub fn iter(&self) -> impl Iterator<Item = &Delegation> {
        self.granted.values().flatten()
    }

    /// Whose seats somebody filled at an instant, besides their own.
    pub fn seats_of<'a>(&'a self, person: &'a str, at: Timestamp) -> impl Iterator<Item = &'a str> + 'a {
        self.iter().filter(move |it| it.to == person && it.holds_at(at)).map(|it| it.from.as_str())
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::DelegationGranted { to, until, reason } => {
                let key = (event.actor.clone(), to.clone());
                let delegations = self.granted.entry(key).or_default();
                delegations.iter_mut().for_each(|it| it.end(event.at));
                delegations.push(Delegation {
                    from: event.actor.clone(),
                    to: to.clone(),
                    granted: event.at,
                    until: *until,
                    ended: None,
                    reason: reason.clone(),
                });
            }
            Body::DelegationEnded { to } => {
                let key = (event.actor.clone(), to.clone());
                self.granted.entry(key).or_default().iter_mut().for_each(|it| it.end(event.at));
            }
            _ => {}
        }
    }

    pub(crate) fn grant(
        &self,
        to: &str,
        until: Timestamp,
        reason: &str,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let invalid = |message: String| Err(Rejection::new(Code::InvalidDelegation, message));
        if to.trim().is_empty() || to == ctx.actor {
            return invalid(format!("{} cannot speak for themselves on behalf of themselves", ctx.actor));
        }
        let length = until.duration_since(ctx.now).as_millis();
        if length <= 0 || length > i128::from(DELEGATION_MAX.0) {
            return invalid(format!("a delegation ends in the future, at most {DELEGATION_MAX} from now"));
        }
        if let Some(back) = self.iter().find(|it| it.from == to && it.to == ctx.actor && it.holds_at(ctx.now))
        {
            return invalid(format!(
                "{to} lets {} speak until {}: that would lead in a circle",
                ctx.actor, back.until
            ));
        }
        let said = Body::DelegationGranted { to: to.to_owned(), until, reason: reason.to_owned() };
        Ok(vec![said])
    }

    pub(crate) fn end(&self, to: &str, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
        let holds = self.iter().any(|it| it.from == ctx.actor && it.to == to && it.holds_at(ctx.now));
        Ok(if holds { vec![Body::DelegationEnded { to: to.to_owned() }] } else { Vec::new() })
    }
}

impl Delegation {
    fn end(&mut self, at: Timestamp) {
        self.ended.get_or_insert(at);
    }
}
