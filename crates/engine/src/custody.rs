//! What holds the ledger, and what may be erased beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::{Body, Event, TextRef};

use crate::{Code, Context, Rejection, State};

/// Texts erased by one event, so that it stays well below what an export takes as one record.
pub const TEXTS_MAX: usize = 500;

/// The holds that stand.
#[derive(Debug, Clone, Default)]
pub struct Custody {
    holds: BTreeMap<Name, Hold>,
}

/// Somebody's order that nothing be erased or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub name: Name,
    pub by: String,
    pub reason: String,
    pub since: Timestamp,
}

impl Custody {
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::HoldPlaced { name, reason } => {
                let (by, since) = (event.actor.clone(), event.at);
                let hold = Hold { name: name.clone(), by, reason: reason.clone(), since };
                self.holds.insert(name.clone(), hold);
            }
            Body::HoldReleased { name } => drop(self.holds.remove(name)),
            _ => {}
        }
    }

    pub(crate) fn place(&self, name: &Name, reason: &str) -> Vec<Body> {
        match self.holds.get(name) {
            Some(_) => Vec::new(),
            None => vec![Body::HoldPlaced { name: name.clone(), reason: reason.to_owned() }],
        }
    }

    pub(crate) fn release(&self, name: &Name) -> Result<Vec<Body>, Rejection> {
        match self.holds.get(name) {
            Some(_) => Ok(vec![Body::HoldReleased { name: name.clone() }]),
            None => Err(Rejection::new(Code::UnknownHold, format!("there is no hold `{name}`"))
                .hint("`shipway ledger hold list` shows those that stand")),
        }
    }

    /// Refuses while a hold stands.
    fn must_be_free(&self) -> Result<(), Rejection> {
        match self.holds.values().next() {
            None => Ok(()),
            Some(hold) => Err(Rejection::new(
                Code::OnHold,
                format!("the hold `{}` stands since {}: nothing is erased or deleted", hold.name, hold.since),
            )
            .hint("`shipway ledger hold list` shows who placed it; `hold release` ends it")),
        }
    }
}

pub(crate) fn erase(
    state: &State,
    subject: &str,
    texts: &[TextRef],
    reason: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    state.custody.must_be_free()?;
    if let Some(token) = state.access.tokens().find(|it| it.name == subject && it.is_valid(ctx.now)) {
        return Err(Rejection::new(
            Code::SubjectActive,
            format!(
                "the token {} is valid under this name, and whatever it does would name it again",
                token.id
            ),
        )
        .hint(format!("revoke it first: `shipway token revoke {}`", token.id)));
    }
    let pieces = texts.chunks(TEXTS_MAX);
    let erased = |it: &[TextRef]| Body::TextsErased { texts: it.to_vec(), reason: reason.to_owned() };
    Ok(pieces.map(erased).collect())
}
