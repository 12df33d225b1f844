//! Who may do what, decided by Cedar: the shipped policies and the organisation's own over one [`Question`].
//!
//! What nothing permits is refused, and what one policy forbids no other permits. A policy that forbids and cannot be
//! evaluated forbids: a mistake in a rule must not open what the rule was to close.
//!
//! Cedar asks every policy. An organisation has many, and nearly all of them name somebody or something else than a
//! question is about; [`Rules`] therefore keeps them by what their heads name and asks only those whose heads can match,
//! which gives the same answer.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, Entity, EntityUid, Policy, PolicyId,
    PolicySet, PrincipalConstraint, Request, ResourceConstraint, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use shipway_model::Name;
use shipway_model::access::{Principal, PrincipalKind, Question, Ruling, ThingKind};
use shipway_model::resource::AccessPolicy;

mod entities;
mod schema;

#[cfg(test)]
mod tests;

pub use schema::Action;

/// The policies that come with Shipway.
pub const SHIPPED: &str = include_str!("cedar/shipped.cedar");
/// Before the names of shipped policies in a [`Ruling`].
const SHIPPED_NAME: &str = "shipway";
/// Policies of one organisation, over all its files.
pub const POLICIES_MAX: usize = 10_000;

/// Compiled policies, ready to be asked.
pub struct Rules {
    by_head: HashMap<Head, PolicySet>,
    actions: HashMap<String, entities::ActionEntity>,
    /// Which of the policies forbid.
    forbidding: HashSet<PolicyId>,
    authorizer: Authorizer,
}

/// What a policy's head names; nothing where it takes everybody or everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Head {
    principal: Option<EntityUid>,
    action: Option<EntityUid>,
    resource: Option<EntityUid>,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The resource that holds it.
    pub policy: Name,
    pub message: String,
}

impl Rules {
    /// Compiles `policies` together with the shipped ones. `actions` are the operations that there are.
    ///
    /// # Errors
    /// Every fault that Cedar finds: what is no Cedar, what names entities, actions or attributes that there are not, and
    /// templates, for which there are no links.
    pub fn compile(policies: &[(Name, &AccessPolicy)], actions: &[Action]) -> Result<Self, Vec<Fault>> {
        let schema = schema::of(actions);
        let shipped = named(SHIPPED_NAME, SHIPPED).expect("the shipped policies are Cedar");
        let mut faults = Vec::new();
        let mut all = shipped;
        for (name, policy) in policies {
            match read(name, &policy.cedar, &schema) {
                Ok(read) => all.extend(read),
                Err(found) => faults.extend(found),
            }
        }
        if all.len() > POLICIES_MAX {
            let message =
                format!("there would be {} policies, and at most {POLICIES_MAX} are taken", all.len());
            faults.extend(policies.last().map(|(name, _)| Fault { policy: name.clone(), message }));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let forbidding =
            all.iter().filter(|it| it.effect() == Effect::Forbid).map(|it| it.id().clone()).collect();
        let mut by_head: HashMap<Head, PolicySet> = HashMap::new();
        for policy in &all {
            for head in heads(policy) {
                by_head.entry(head).or_default().add(policy.clone()).expect("the ids of policies are unique");
            }
        }
        let actions = entities::actions(actions);
        Ok(Self { by_head, actions, forbidding, authorizer: Authorizer::new() })
    }

    /// The answer.
    pub fn decide(&self, question: &Question) -> Ruling {
        let Some(action) = self.actions.get(&question.action) else {
            let errors = vec![format!("there is no operation `{}`", question.action)];
            return Ruling { allowed: false, because: Vec::new(), errors };
        };
        let cast = entities::of(question, action);
        let cast = match cast {
            Ok(cast) => cast,
            Err(error) => return Ruling { allowed: false, because: Vec::new(), errors: vec![error] },
        };
        let (mut permits, mut forbids, mut errors) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut has_failed_forbid = false;
        for policies in self.that_may_match(&cast) {
            let response = self.authorizer.is_authorized(&cast.request, policies, &cast.entities);
            let found = match response.decision() {
                Decision::Allow => &mut permits,
                Decision::Deny => &mut forbids,
            };
            found.extend(response.diagnostics().reason().map(ToString::to_string));
            for error in response.diagnostics().errors() {
                let cedar_policy::AuthorizationError::PolicyEvaluationError(failed) = error;
                has_failed_forbid |= self.forbidding.contains(failed.policy_id());
                errors.insert(error.to_string());
            }
        }
        let allowed = !permits.is_empty() && forbids.is_empty() && !has_failed_forbid;
        let because = if forbids.is_empty() { permits } else { forbids };
        Ruling { allowed, because: because.into_iter().collect(), errors: errors.into_iter().collect() }
    }

    fn that_may_match<'a>(&'a self, cast: &'a entities::Cast) -> impl Iterator<Item = &'a PolicySet> {
        let any = std::iter::once(None);
        let of = move |it: &'a [EntityUid]| any.clone().chain(it.iter().map(Some));
        of(&cast.principals).flat_map(move |principal| {
            let any = std::iter::once(None);
            any.chain(cast.actions.iter().map(Some)).flat_map(move |action| {
                let any = std::iter::once(None);
                any.chain(cast.resources.iter().map(Some)).filter_map(move |resource| {
                    let head = Head {
                        principal: principal.cloned(),
                        action: action.cloned(),
                        resource: resource.cloned(),
                    };
                    self.by_head.get(&head)
                })
            })
        })
    }
}

/// Reads one resource's policies and checks them against what there is.
fn read(name: &Name, text: &str, schema: &Schema) -> Result<Vec<Policy>, Vec<Fault>> {
    let fault = |message: String| Fault { policy: name.clone(), message };
    if name.as_str() == SHIPPED_NAME {
        return Err(vec![fault(format!("`{SHIPPED_NAME}` is the name of the shipped policies"))]);
    }
    let policies = named(name.as_str(), text).map_err(|it| it.into_iter().map(fault).collect::<Vec<_>>())?;
    let set = PolicySet::from_policies(policies.iter().cloned()).map_err(|it| vec![fault(it.to_string())])?;
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    let faults: Vec<Fault> = result.validation_errors().map(|it| fault(it.to_string())).collect();
    if faults.is_empty() { Ok(policies) } else { Err(faults) }
}

/// The policies of a text under ids that tell where they stand: `FILE/NAME`, where `@id("NAME")` gives the name.
fn named(file: &str, text: &str) -> Result<Vec<Policy>, Vec<String>> {
    let set: PolicySet = text.parse().map_err(|error: cedar_policy::ParseErrors| {
        error.iter().map(ToString::to_string).collect::<Vec<_>>()
    })?;
    if set.templates().next().is_some() {
        return Err(vec![
            "it holds a template, and nothing links templates: write the policy out".to_owned(),
        ]);
    }
    let mut ids = HashSet::new();
    let mut faults = Vec::new();
    let mut policies = Vec::new();
    for policy in set.policies() {
        let id = match policy.annotation("id") {
            Some(name) => format!("{file}/{name}"),
            None => format!("{file}/{}", policy.id()),
        };
        if ids.insert(id.clone()) {
            policies.push(policy.new_id(PolicyId::new(id)));
        } else {
            faults.push(format!("two policies are called `{id}`"));
        }
    }
    if policies.is_empty() && faults.is_empty() {
        faults.push("it holds no policy".to_owned());
    }
    if faults.is_empty() { Ok(policies) } else { Err(faults) }
}

fn heads(policy: &Policy) -> Vec<Head> {
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) | PrincipalConstraint::IsIn(_, uid) => {
            Some(uid)
        }
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::In(uid) | ResourceConstraint::Eq(uid) | ResourceConstraint::IsIn(_, uid) => {
            Some(uid)
        }
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
    };
    let actions = match policy.action_constraint() {
        ActionConstraint::Any => vec![None],
        ActionConstraint::Eq(uid) => vec![Some(uid)],
        ActionConstraint::In(uids) => {
            uids.into_iter().collect::<BTreeSet<_>>().into_iter().map(Some).collect()
        }
    };
    let head = |action| Head { principal: principal.clone(), action, resource: resource.clone() };
    actions.into_iter().map(head).collect()
}
