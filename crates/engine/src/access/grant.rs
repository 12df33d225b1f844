//! Privilege for a time: asked for with a reason, approved by somebody else, over by itself, and never forgotten.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shipway_model::access::{PRIVILEGE_MAX, PRIVILEGE_MIN, Privilege, RUN_PRIVILEGE_MAX};
use shipway_model::event::{Body, Event, Role};
use shipway_model::{GrantId, Name};

use super::{Access, Identity};
use crate::{Code, Context, Rejection};

/// What was asked for and not approved within this is asked for again.
const REQUEST_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Uses of one grant that are listed; the ledger has all of them.
const USES_MAX: usize = 1000;

#[derive(Debug, Clone, Default)]
pub struct Grants {
    grants: BTreeMap<GrantId, Grant>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub id: GrantId,
    pub privilege: Privilege,
    pub requested_by: String,
    pub requested: Timestamp,
    pub approved: Option<Approved>,
    /// Who ended it by hand, when and why.
    pub ended: Option<(String, Timestamp, String)>,
    /// What was done on account of it, the oldest first.
    pub uses: Vec<Use>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    pub by: String,
    pub at: Timestamp,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub at: Timestamp,
    /// The name under which the grant's owner acted.
    pub by: String,
    pub operation: String,
    pub resource: String,
}

impl Grant {
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.approved.as_ref().is_some_and(|it| it.at <= now && now < it.until)
    }

    /// Whether it gives its role over something in this environment; what is in none is covered by grants without a
    /// limit alone.
    pub fn covers(&self, environment: Option<&Name>) -> bool {
        let limits = &self.privilege.environments;
        limits.is_empty() || environment.is_some_and(|it| limits.contains(it))
    }

    /// Where it stands, in one word.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match &self.approved {
            _ if self.ended.is_some() => "ended",
            Some(it) if now < it.until => "in force",
            Some(_) => "expired",
            None if self.is_stale(now) => "lapsed",
            None => "requested",
        }
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.requested) >= REQUEST_MAX
    }
}

impl Grants {
    pub fn get(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(&id)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Grant> {
        self.grants.values()
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::GrantRequested { id, privilege } => {
                let grant = Grant {
                    id: *id,
                    privilege: privilege.clone(),
                    requested_by: event.actor.clone(),
                    requested: event.at,
                    approved: None,
                    ended: None,
                    uses: Vec::new(),
                };
                self.grants.insert(*id, grant);
            }
            Body::GrantApproved { id, until } => {
                let approved = Approved { by: event.actor.clone(), at: event.at, until: *until };
                self.change(*id, |it| it.approved = Some(approved));
            }
            Body::GrantEnded { id, reason } => {
                let ended = (event.actor.clone(), event.at, reason.clone());
                self.change(*id, |it| it.ended = Some(ended));
            }
            Body::GrantUsed { id, operation, resource } => {
                let (by, operation, resource) = (event.actor.clone(), operation.clone(), resource.clone());
                self.change(*id, |it| {
                    if it.uses.len() < USES_MAX {
                        it.uses.push(Use { at: event.at, by, operation, resource });
                    }
                });
            }
            _ => {}
        }
    }

    fn change(&mut self, id: GrantId, change: impl FnOnce(&mut Grant)) {
        if let Some(grant) = self.grants.get_mut(&id) {
            change(grant);
        }
    }

    fn known(&self, id: GrantId) -> Result<&Grant, Rejection> {
        self.get(id).ok_or_else(|| {
            Rejection::new(Code::UnknownGrant, format!("there is no grant {id}"))
                .hint("`shipway access grants` shows those there are")
        })
    }

    pub(crate) fn end(&self, id: GrantId, reason: &str, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
        let grant = self.known(id)?;
        let is_over = matches!(grant.standing(ctx.now), "ended" | "expired" | "lapsed");
        Ok(if is_over { Vec::new() } else { vec![Body::GrantEnded { id, reason: reason.to_owned() }] })
    }

    pub(crate) fn note_use(
        &self,
        id: GrantId,
        operation: &str,
        resource: &str,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let grant = self.known(id)?;
        if !grant.is_in_force(ctx.now) {
            let message = format!("grant {id} is {}", grant.standing(ctx.now));
            return Err(Rejection::new(Code::WrongPhase, message)
                .hint("ask for another one: `shipway access request`"));
        }
        Ok(vec![Body::GrantUsed { id, operation: operation.to_owned(), resource: resource.to_owned() }])
    }
}

impl Access {
    /// The grants by which whoever acts under this name has more than their own role now.
    pub fn grants_in_force<'a>(&'a self, actor: &str, now: Timestamp) -> impl Iterator<Item = &'a Grant> {
        let who = self.identity(actor);
        let is_own = move |it: &&Grant| self.identity(&it.requested_by) == who;
        self.grants.grants.values().filter(move |it| it.is_in_force(now)).filter(is_own)
    }

    pub(crate) fn request_grant(
        &self,
        id: GrantId,
        privilege: &Privilege,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        if self.grants.grants.contains_key(&id) {
            return Ok(Vec::new());
        }
        let invalid = |message: String| Err(Rejection::new(Code::InvalidGrant, message));
        if privilege.reason.trim().is_empty() {
            return invalid("privilege needs a reason".to_owned());
        }
        if !(PRIVILEGE_MIN.0..=PRIVILEGE_MAX.0).contains(&privilege.duration.0) {
            return invalid(format!(
                "privilege is for {PRIVILEGE_MIN} to {PRIVILEGE_MAX}, not {}",
                privilege.duration
            ));
        }
        if privilege.role == Role::Agent {
            return invalid("nobody becomes an agent for a while".to_owned());
        }
        crate::decide::text(&privilege.run)?;
        match self.identity(ctx.actor) {
            Identity::Person(_) => {}
            // A pipeline has no more than its token but for one run, of which somebody can be asked.
            Identity::Machine(_) if privilege.run.trim().is_empty() => {
                return invalid(format!(
                    "{} is a machine: it says for which run it needs privilege",
                    ctx.actor
                ));
            }
            Identity::Machine(_) if privilege.duration > RUN_PRIVILEGE_MAX => {
                return invalid(format!(
                    "the run of a pipeline has privilege for at most {RUN_PRIVILEGE_MAX}"
                ));
            }
            Identity::Machine(_) => {}
            Identity::ControlPlane | Identity::Agent(_) => {
                return invalid(format!("{} is neither a person nor the run of a pipeline", ctx.actor));
            }
        }
        Ok(vec![Body::GrantRequested { id, privilege: privilege.clone() }])
    }

    pub(crate) fn approve_grant(&self, id: GrantId, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
        let grant = self.grants.known(id)?;
        if self.is_same_person(&grant.requested_by, ctx.actor) {
            return Err(Rejection::new(
                Code::SelfApproval,
                format!("{} asked for grant {id}, so {} cannot approve it", grant.requested_by, ctx.actor),
            )
            .hint(format!("another admin can run `shipway access approve {id}`")));
        }
        match grant.standing(ctx.now) {
            "requested" => {
                let length = SignedDuration::from_millis(grant.privilege.duration.0.cast_signed());
                let until = ctx.now.checked_add(length).unwrap_or(Timestamp::MAX);
                Ok(vec![Body::GrantApproved { id, until }])
            }
            "in force" => Ok(Vec::new()),
            standing => Err(Rejection::new(Code::WrongPhase, format!("grant {id} is {standing}"))
                .hint("ask for another one: `shipway access request`")),
        }
    }
}
