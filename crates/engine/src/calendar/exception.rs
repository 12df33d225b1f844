//! Exceptions: let through where the calendar is closed, because two others said so, until they end by themselves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::event::{Body, Event};
use shipway_model::exception::{APPROVALS_NEEDED, EXCEPTION_MAX, Exception};
use shipway_model::resource::{Key, Kind};
use shipway_model::{ExceptionId, Name};

use super::subject::Subject;
use super::timeline::Lift;
use crate::{Access, Catalogue, Code, Context, Rejection};

#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    permits: BTreeMap<ExceptionId, Permit>,
}

/// An exception that was asked for, and the words that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    pub id: ExceptionId,
    pub exception: Exception,
    pub requested_by: String,
    pub requested: Timestamp,
    /// Who said yes, and when.
    pub approvals: Vec<(String, Timestamp)>,
    /// Who took it back, and why.
    pub withdrawn: Option<(String, String)>,
}

impl Permit {
    /// From when on it holds; None while words are missing, or when it was withdrawn.
    pub fn holds_from(&self) -> Option<Timestamp> {
        let (_, last) = self.approvals.get(APPROVALS_NEEDED - 1)?;
        self.withdrawn.is_none().then(|| self.exception.from.max(*last))
    }

    /// Where it stands, in one word.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match self.holds_from() {
            _ if self.withdrawn.is_some() => "withdrawn",
            _ if now >= self.exception.until => "expired",
            None => "requested",
            Some(from) if now < from => "approved",
            Some(_) => "in force",
        }
    }

    pub(crate) fn covers(&self, subjects: &[Subject], release: Option<&Name>) -> bool {
        let of_release = self.exception.release.as_ref().is_none_or(|it| Some(it) == release);
        of_release && subjects.iter().all(|it| it.is_covered(&self.exception.scope))
    }
}

impl Exceptions {
    pub fn iter(&self) -> impl Iterator<Item = &Permit> {
        self.permits.values()
    }

    pub fn get(&self, id: ExceptionId) -> Option<&Permit> {
        self.permits.get(&id)
    }

    /// What is lifted for all of `subjects`.
    pub fn lifts(&self, subjects: &[Subject], release: Option<&Name>) -> Vec<Lift> {
        let covering = self.permits.values().filter(|it| it.covers(subjects, release));
        let lift = |it: &Permit| {
            let (calendar, until) = (it.exception.calendar.clone(), it.exception.until);
            it.holds_from().map(|from| Lift { calendar, from, until })
        };
        covering.filter_map(lift).filter(|it| it.from < it.until).collect()
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::ExceptionRequested { id, exception } => {
                let permit = Permit {
                    id: *id,
                    exception: exception.clone(),
                    requested_by: event.actor.clone(),
                    requested: event.at,
                    approvals: Vec::new(),
                    withdrawn: None,
                };
                self.permits.insert(*id, permit);
            }
            Body::ExceptionApproved { id } => {
                if let Some(permit) = self.permits.get_mut(id) {
                    permit.approvals.push((event.actor.clone(), event.at));
                }
            }
            Body::ExceptionWithdrawn { id, reason } => {
                if let Some(permit) = self.permits.get_mut(id) {
                    permit.withdrawn = Some((event.actor.clone(), reason.clone()));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn request(
        &self,
        catalogue: &Catalogue,
        id: ExceptionId,
        exception: &Exception,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        if self.permits.contains_key(&id) {
            return Ok(Vec::new());
        }
        let invalid = |message: String| Err(Rejection::new(Code::InvalidException, message));
        if exception.reason.trim().is_empty() {
            return invalid("an exception needs a reason".to_owned());
        }
        if exception.until <= exception.from || exception.until <= ctx.now {
            return invalid(format!(
                "the exception would end at {}, before it could be used",
                exception.until
            ));
        }
        let length = exception.until.duration_since(exception.from.max(ctx.now));
        if length.as_millis() > i128::from(EXCEPTION_MAX.0) {
            return invalid(format!("an exception lasts at most {EXCEPTION_MAX}"));
        }
        if let Some(calendar) = &exception.calendar {
            let key = Key { kind: Kind::Calendar, name: calendar.clone() };
            if catalogue.get(&key).is_none() {
                return invalid(format!("there is no calendar {calendar}"));
            }
        }
        Ok(vec![Body::ExceptionRequested { id, exception: exception.clone() }])
    }

    pub(crate) fn approve(
        &self,
        access: &Access,
        id: ExceptionId,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let permit = self.known(id)?;
        if access.is_same_person(&permit.requested_by, ctx.actor) {
            return Err(Rejection::new(
                Code::SelfApproval,
                format!(
                    "{} asked for exception {id}, so {} cannot approve it",
                    permit.requested_by, ctx.actor
                ),
            )
            .hint(format!("{APPROVALS_NEEDED} others can run `shipway calendar exception approve {id}`")));
        }
        if permit.withdrawn.is_some() || ctx.now >= permit.exception.until {
            let standing = permit.standing(ctx.now);
            return Err(Rejection::new(Code::WrongPhase, format!("exception {id} is {standing}"))
                .hint("ask for another one: `shipway calendar exception request`"));
        }
        let said = permit.approvals.iter().any(|it| access.is_same_person(&it.0, ctx.actor));
        Ok(if said { Vec::new() } else { vec![Body::ExceptionApproved { id }] })
    }

    pub(crate) fn withdraw(&self, id: ExceptionId, reason: &str) -> Result<Vec<Body>, Rejection> {
        let permit = self.known(id)?;
        Ok(match permit.withdrawn {
            Some(_) => Vec::new(),
            None => vec![Body::ExceptionWithdrawn { id, reason: reason.to_owned() }],
        })
    }

    fn known(&self, id: ExceptionId) -> Result<&Permit, Rejection> {
        self.permits.get(&id).ok_or_else(|| {
            Rejection::new(Code::UnknownException, format!("there is no exception {id}"))
                .hint("`shipway calendar exception list` shows those there are")
        })
    }
}
