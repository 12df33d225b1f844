//! Waivers: a gate lets through what the evidence speaks against, because another person took that on, until it lapses.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::{Body, Event};
use shipway_model::gate::{WAIVER_MAX, Waiver};
use shipway_model::resource::{Key, Kind, Spec};
use shipway_model::{Name, WaiverId};

use crate::{Access, Catalogue, Code, Context, Rejection};

#[derive(Debug, Clone, Default)]
pub struct Waivers {
    grants: BTreeMap<WaiverId, Grant>,
}

/// A waiver that was asked for, and the word that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: WaiverId,
    pub waiver: Waiver,
    pub requested_by: String,
    pub requested: Timestamp,
    /// Who said yes, and when.
    pub approved: Option<(String, Timestamp)>,
    /// Who took it back, and why.
    pub withdrawn: Option<(String, String)>,
}

impl Grant {
    /// Where it stands, in one word.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match self.approved {
            _ if self.withdrawn.is_some() => "withdrawn",
            _ if now >= self.waiver.expires => "lapsed",
            None => "requested",
            Some(_) => "in force",
        }
    }

    /// Whose word it has, while it counts.
    pub fn in_force(&self, now: Timestamp) -> Option<&str> {
        let (by, _) = self.approved.as_ref()?;
        (self.withdrawn.is_none() && now < self.waiver.expires).then_some(by)
    }

    /// Whether it counts now and will no longer when `within` has passed.
    pub fn is_lapsing(&self, now: Timestamp, within: SignedDuration) -> bool {
        self.in_force(now).is_some() && self.waiver.expires.duration_since(now) <= within
    }
}

impl Waivers {
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values()
    }

    pub fn get(&self, id: WaiverId) -> Option<&Grant> {
        self.grants.get(&id)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::WaiverRequested { id, waiver } => {
                let grant = Grant {
                    id: *id,
                    waiver: waiver.clone(),
                    requested_by: event.actor.clone(),
                    requested: event.at,
                    approved: None,
                    withdrawn: None,
                };
                self.grants.insert(*id, grant);
            }
            Body::WaiverApproved { id } => {
                if let Some(grant) = self.grants.get_mut(id) {
                    grant.approved = Some((event.actor.clone(), event.at));
                }
            }
            Body::WaiverWithdrawn { id, reason } => {
                if let Some(grant) = self.grants.get_mut(id) {
                    grant.withdrawn = Some((event.actor.clone(), reason.clone()));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn request(
        &self,
        catalogue: &Catalogue,
        id: WaiverId,
        waiver: &Waiver,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        if self.grants.contains_key(&id) {
            return Ok(Vec::new());
        }
        check_texts(waiver)?;
        check_gate(catalogue, &waiver.policy, &waiver.gate)?;
        let lasts = waiver.expires.duration_since(ctx.now);
        if lasts <= SignedDuration::ZERO {
            return Err(invalid(format!(
                "the waiver would lapse at {}, before it could count",
                waiver.expires
            )));
        }
        if lasts.as_millis() > i128::from(WAIVER_MAX.0) {
            return Err(invalid(format!("a waiver lasts at most {WAIVER_MAX}"))
                .hint("what stays longer is a matter of the policy itself"));
        }
        Ok(vec![Body::WaiverRequested { id, waiver: waiver.clone() }])
    }

    pub(crate) fn approve(
        &self,
        access: &Access,
        id: WaiverId,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let grant = self.known(id)?;
        if access.is_same_person(&grant.requested_by, ctx.actor) {
            return Err(Rejection::new(
                Code::SelfApproval,
                format!("{} asked for waiver {id}, so {} cannot approve it", grant.requested_by, ctx.actor),
            )
            .hint(format!("somebody else can run `shipway waiver approve {id}`")));
        }
        match grant.standing(ctx.now) {
            "requested" => Ok(vec![Body::WaiverApproved { id }]),
            "in force" => Ok(Vec::new()),
            standing => Err(Rejection::new(Code::WrongPhase, format!("waiver {id} is {standing}"))
                .hint("ask for another one: `shipway waiver request`")),
        }
    }

    pub(crate) fn withdraw(&self, id: WaiverId, reason: &str) -> Result<Vec<Body>, Rejection> {
        let grant = self.known(id)?;
        Ok(match grant.withdrawn {
            Some(_) => Vec::new(),
            None => vec![Body::WaiverWithdrawn { id, reason: reason.to_owned() }],
        })
    }

    fn known(&self, id: WaiverId) -> Result<&Grant, Rejection> {
        self.get(id).ok_or_else(|| {
            Rejection::new(Code::UnknownWaiver, format!("there is no waiver {id}"))
                .hint("`shipway waiver list` shows those there are")
        })
    }
}

fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(Code::InvalidWaiver, message)
}

fn check_texts(waiver: &Waiver) -> Result<(), Rejection> {
    let of_scope = [&waiver.finding, &waiver.package].into_iter().flatten();
    for text in [&waiver.reason, &waiver.owner].into_iter().chain(of_scope) {
        if crate::decide::text(text)?.trim().is_empty() {
            return Err(invalid("a waiver has a reason and an owner, and what it is narrowed to has a name"));
        }
    }
    Ok(())
}

/// A waiver of a gate that is not there would never count, and nobody would notice.
fn check_gate(catalogue: &Catalogue, policy: &Name, gate: &Name) -> Result<(), Rejection> {
    let key = Key { kind: Kind::Policy, name: policy.clone() };
    let Some(Spec::Policy(declared)) = catalogue.get(&key).map(|it| &it.spec) else {
        return Err(invalid(format!("there is no policy {policy}")).hint("`shipway get policies` shows them"));
    };
    if declared.gates.iter().any(|it| it.name == *gate) {
        return Ok(());
    }
    let gates: Vec<&str> = declared.gates.iter().map(|it| it.name.as_str()).collect();
    Err(invalid(format!("policy {policy} has no gate {gate}")).hint(format!("it has {}", gates.join(", "))))
}
