//! What holds the ledger, and what may be erased beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use shipway_model::Name;
use shipway_model::event::{Body, Event, PrunedTable, TextRef};
use shipway_model::resource::{Kind, Regulation, Spec};

use crate::{Code, Context, Rejection, State};

/// Texts erased by one event, so that it stays well below what an export takes as one record.
pub const TEXTS_MAX: usize = 500;
/// Tables named by one event, for the same reason.
pub const TABLES_MAX: usize = 300;

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

/// For how many years events are kept: as long as the regulation says that asks for the longest.
pub fn retention_years(state: &State) -> u8 {
    let regulations = state.catalogue.of_kind(Kind::Regulation).filter_map(|(_, it)| match &it.spec {
        Spec::Regulation(it) => Some(it.retention_years()),
        _ => None,
    });
    regulations.max().unwrap_or(Regulation::RETENTION_YEARS_DEFAULT)
}

pub(crate) fn prune(
    state: &State,
    archive: &str,
    tables: &[PrunedTable],
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    state.custody.must_be_free()?;
    let (years, today) = (retention_years(state), ctx.now.to_zoned(TimeZone::UTC).date());
    let kept = tables.iter().map(|it| (it, Regulation::kept_until(it.newest, years)));
    if let Some((table, until)) = kept.into_iter().find(|(_, until)| *until > today) {
        let PrunedTable { from, to, .. } = table;
        return Err(Rejection::new(
            Code::Retained,
            format!("events are kept for {years} years: those from {from} to {to} until {until}"),
        )
        .hint("`shipway get regulations` shows which of them asks for the longest"));
    }
    let pruned =
        |it: &[PrunedTable]| Body::ArchivePruned { archive: archive.to_owned(), years, tables: it.to_vec() };
    Ok(tables.chunks(TABLES_MAX).map(pruned).collect())
}
