//! Which environment's protection a rollout meets, and which revisions of its policy judge it.

use jiff::Timestamp;
use shipway_model::plan::Plan;
use shipway_model::resource::change_policy::ChangePolicy;
use shipway_model::resource::{Environment, Key, Kind, Spec, digest_of};
use shipway_model::{Digest, Name};

use super::{Case, Revision, key};
use crate::{State, queue};

/// A protected environment and the policy that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    pub environment: Name,
    /// The built-in one when absent.
    pub policy: Option<Name>,
}

/// The policy as it was when the release was put together, and as it is: what either asks for is asked for, so that no
/// edit loosens what judges a release under way.
#[derive(Debug, Clone)]
pub struct Judges {
    /// The one that holds now comes last.
    policies: Vec<(Digest, ChangePolicy)>,
}

impl Judges {
    pub fn iter(&self) -> impl Iterator<Item = &ChangePolicy> {
        self.policies.iter().map(|it| &it.1)
    }

    pub fn current(&self) -> &ChangePolicy {
        &self.policies.last().expect("there is always the built-in one").1
    }

    /// Of the one policy, or over all of them.
    pub fn digest(&self) -> Digest {
        let digests: Vec<Digest> = self.policies.iter().map(|it| it.0).collect();
        match digests[..] {
            [one] => one,
            _ => digest_of(&digests),
        }
    }
}

/// The protection that a plan meets: its environment's own, or that of an environment that shares one of the targets
/// which it touches, so that another name for the same hosts is no way around. An environment that was protected when
/// the release was put together still is.
pub(crate) fn protection(state: &State, plan: &Plan, since: Timestamp) -> Option<Protection> {
    let own = state.catalogue.environment(&plan.environment);
    if let Some(own) =
        own.filter(Environment::is_protected).or_else(|| earlier(state, &plan.environment, since))
    {
        return Some(Protection { environment: plan.environment.clone(), policy: own.change_policy });
    }
    let touched = queue::touched(plan);
    let agents: Vec<_> = touched.iter().filter_map(|it| state.agents.get(it)).collect();
    state.catalogue.protected_environments().find_map(|name| {
        let environment = state.catalogue.environment(name)?;
        let shares =
            !environment.targets.is_empty() && agents.iter().any(|it| it.has_labels(&environment.targets));
        shares.then(|| Protection { environment: name.clone(), policy: environment.change_policy })
    })
}

fn earlier(state: &State, name: &Name, at: Timestamp) -> Option<Environment> {
    let revisions = state.changes.revisions(&key(Kind::Environment, name), at);
    let protected = |it: &Revision| match &state.catalogue.revision(&it.digest)?.spec {
        Spec::Environment(environment) if environment.is_protected() => Some((**environment).clone()),
        _ => None,
    };
    revisions.iter().find_map(protected)
}

/// The policies that judge a release put together at `since`.
pub(crate) fn judges(state: &State, protection: &Protection, since: Timestamp) -> Judges {
    let Some(name) = &protection.policy else { return built_in() };
    let key = key(Kind::ChangePolicy, name);
    let declared = |digest: &Digest| match &state.catalogue.revision(digest)?.spec {
        Spec::ChangePolicy(policy) => Some((*digest, policy.clone())),
        _ => None,
    };
    let first = state.changes.revisions(&key, since).first().map(|it| it.digest);
    let mut digests: Vec<Digest> = first.into_iter().chain(state.catalogue.digest(&key)).collect();
    digests.dedup();
    let policies: Vec<_> = digests.iter().filter_map(declared).collect();
    if policies.is_empty() { built_in() } else { Judges { policies } }
}

fn built_in() -> Judges {
    let policy = ChangePolicy::default();
    Judges { policies: vec![(digest_of(&policy), policy)] }
}

/// The policies that judge a change.
pub(crate) fn of_case(state: &State, case: &Case) -> Judges {
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let release = summary.and_then(|it| state.releases.get(it.release.id));
    let (environment, policy) = (case.change.protected.clone(), case.change.policy.clone());
    judges(state, &Protection { environment, policy }, release.map_or(case.opened, |it| it.created))
}

/// The revisions that were declared after `at`.
pub(crate) fn since<'a>(
    state: &'a State,
    key: &Key,
    at: Timestamp,
) -> impl Iterator<Item = &'a Revision> + use<'a> {
    state.changes.revisions(key, at).iter().filter(move |it| it.at > at)
}
