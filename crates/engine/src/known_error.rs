//! Known errors: defects with which a release ships on purpose, because somebody else took that on, until they expire.
//!
//! They are sealed with the release, under names that stay from release to release, so that nobody adds one later and none
//! is forgotten on the way.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::event::Body;
use shipway_model::gate::facts::CarriedError;
use shipway_model::release::{Bundle, KNOWN_ERRORS_MAX};
use shipway_model::resource::{Key, Kind};
use shipway_model::{Name, ReleaseId};

use crate::access::hands;
use crate::{Acceptance, Code, Context, Rejection, Release, State};

/// Whether what a new release says of known errors makes sense.
pub(crate) fn check(state: &State, bundle: &Bundle) -> Result<(), Rejection> {
    let mut faults = Vec::new();
    if bundle.known_errors.len().max(bundle.mended_errors.len()) > KNOWN_ERRORS_MAX {
        faults.push(format!("a release carries and mends at most {KNOWN_ERRORS_MAX} known errors each"));
    }
    for (name, error) in &bundle.known_errors {
        for (what, said) in
            [("defect", &error.defect), ("mitigation", &error.mitigation), ("monitor", &error.monitor)]
        {
            match crate::decide::text(said) {
                Ok(said) if said.trim().is_empty() => {
                    faults.push(format!("{name} says nothing of its {what}"))
                }
                Ok(_) => {}
                Err(why) => faults.push(format!("{name}: {what}: {}", why.message)),
            }
        }
        let team = Key { kind: Kind::Team, name: error.owner.clone() };
        if state.catalogue.get(&team).is_none() {
            faults.push(format!("{name} is owned by {}, and no such Team is declared", error.owner));
        }
        if bundle.mended_errors.contains(name) {
            faults.push(format!("{name} is said to be both carried on and mended"));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Rejection::new(Code::InvalidKnownError, "what is said of known errors makes no sense")
            .faults(faults)
            .hint("each has a defect, an owner, a mitigation, a monitor and an expiry: `shipway release create --help`")),
    }
}

/// Somebody takes on what the release is known to do wrong. Whoever made it cannot.
pub(crate) fn accept(
    state: &State,
    id: ReleaseId,
    note: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let release = state.releases.known(id)?;
    let name = format!("{}@{}", release.bundle.name, release.bundle.version);
    if release.sealed.is_none() {
        return Err(Rejection::new(
            Code::ReleaseNotSealed,
            format!("{name} is a draft, so it may still change"),
        )
        .hint(format!("`shipway release seal {name}` seals it")));
    }
    if release.bundle.known_errors.is_empty() {
        return Err(Rejection::new(Code::NotAsked, format!("{name} was sealed without known errors")));
    }
    if is_makers(state, release, ctx.actor) {
        let message = format!("{} had a hand in {name}, so {0} cannot accept its known errors", ctx.actor);
        return Err(Rejection::new(Code::SelfApproval, message)
            .hint(format!("somebody else can run `shipway release accept {name}`")));
    }
    if release.accepted.iter().any(|it| it.by == ctx.actor) {
        return Ok(Vec::new());
    }
    Ok(vec![Body::KnownErrorsAccepted { id, note: note.to_owned() }])
}

/// Whether whoever acts under this name made the release or wrote what is in it.
fn is_makers(state: &State, release: &Release, actor: &str) -> bool {
    let behind = state.access.behind(actor);
    hands(state, release.id, None).iter().any(|it| behind.contains(&it.who))
}

/// The word that counts for the release: the first of somebody who, as is known now, did not make it.
pub fn accepted<'a>(state: &State, release: &'a Release) -> Option<&'a Acceptance> {
    release.accepted.iter().find(|it| !is_makers(state, release, &it.by))
}

/// The known errors of a release, each with whose word it has.
pub(crate) fn carried(state: &State, release: &Release) -> BTreeMap<Name, CarriedError> {
    let accepted_by = accepted(state, release).map(|it| it.by.clone());
    let carried = release.bundle.known_errors.iter().map(|(name, error)| {
        (name.clone(), CarriedError { error: error.clone(), accepted_by: accepted_by.clone() })
    });
    carried.collect()
}

/// Known errors of what runs in the environment that the release neither carries on nor says to have mended.
pub(crate) fn dropped(state: &State, release: &Release, environment: &Name) -> BTreeSet<Name> {
    let Some(environment) = state.environments.get(environment) else { return BTreeSet::new() };
    let running = release.bundle.parts.keys().filter_map(|it| environment.services.get(it));
    let before = running.filter_map(|it| state.releases.get(it.release.id));
    let names = before.flat_map(|it| it.bundle.known_errors.keys());
    let bundle = &release.bundle;
    names
        .filter(|it| !bundle.known_errors.contains_key(*it) && !bundle.mended_errors.contains(*it))
        .cloned()
        .collect()
}
