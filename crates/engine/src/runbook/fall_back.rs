//! Carrying out a fallback: over what stands, under the word that the release which stands there has had.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Body, Code, Digest, Fallback, FallbackRef, Name, Rejection, Release, RolloutId, State};
use super::{known, plan, revision};

/// A fallback, and the release with which it was agreed to.
#[derive(Debug, Clone, Copy)]
pub struct Agreed<'s> {
    pub release: &'s Release,
    pub runbook: &'s Name,
    pub revision: Digest,
    pub fallback: &'s Fallback,
    /// The services of the runbook.
    pub services: &'s BTreeSet<Name>,
}

impl Agreed<'_> {
    /// How a plan refers to it.
    pub fn reference(&self) -> FallbackRef {
        let (runbook, name) = (self.runbook.clone(), self.fallback.name.clone());
        FallbackRef { runbook, revision: self.revision, name }
    }
}

/// The fallback as the newest release binds it that stands in the environment.
///
/// # Errors
/// When no release that stands there binds the runbook, or what it binds has no such fallback.
pub fn agreed<'s>(
    state: &'s State,
    name: &Name,
    fallback: &Name,
    environment: &Name,
) -> Result<Agreed<'s>, Rejection> {
    known(state, name)?;
    let standing = state.environments.get(environment).into_iter().flat_map(|it| it.services.values());
    let binds = standing.filter_map(|shipped| {
        let release = state.releases.get(shipped.release.id)?;
        let (runbook, revision) = release.bundle.runbooks.get_key_value(name)?;
        Some((shipped.since, release, runbook, *revision))
    });
    let Some((_, release, runbook, digest)) = binds.max_by_key(|it| (it.0, it.1.id)) else {
        let message = format!("nothing that stands in {environment} was sealed with Runbook {name}");
        return Err(Rejection::new(Code::NotAgreed, message)
            .hint("a fallback is agreed to with the release that binds its runbook: seal and ship one"));
    };
    let title = format!("{}@{}", release.bundle.name, release.bundle.version);
    let declared = revision(state, &digest);
    let found = declared.and_then(|it| Some((it.fallback(fallback)?, &it.services)));
    let Some((fallback, services)) = found else {
        let message = format!("Runbook {name}, as {title} binds it, has no fallback {fallback}");
        let names: Vec<&str> =
            declared.into_iter().flat_map(|it| &it.fallbacks).map(|it| it.name.as_str()).collect();
        return Err(Rejection::new(Code::NotAgreed, message).hint(match names.is_empty() {
            true => "what is added to it later counts from the next release on".to_owned(),
            false => format!("it has {}", names.join(", ")),
        }));
    };
    Ok(Agreed { release, runbook, revision: digest, fallback, services })
}

/// Queues the plan that carries it out. It opens no change, and why it was needed is noted with it.
pub(crate) fn fall_back(
    state: &State,
    id: RolloutId,
    (runbook, fallback): (&Name, &Name),
    environment: &Name,
    reason: &str,
) -> Result<Vec<Body>, Rejection> {
    if state.rollouts.summaries.contains_key(&id) {
        return Ok(Vec::new());
    }
    if reason.trim().is_empty() {
        return Err(Rejection::new(Code::InvalidReason, "say why it is needed now"));
    }
    let agreed = agreed(state, runbook, fallback, environment)?;
    let plan = plan::fall_back(state, &agreed, environment)?;
    let plan_digest = plan.digest();
    let queued = Body::RolloutQueued { id, plan: Arc::new(plan), plan_digest };
    Ok(vec![queued, Body::RolloutNoted { id, note: reason.to_owned() }])
}
