//! Changes: rollouts into protected environments, as those see them who answer for the environment.
//!
//! [`class`] derives the ITIL type, [`risk`] the score, [`word`] counts the approvals, and [`standing()`] puts together
//! where a change stands and what it waits for. Nothing of that is stored: it follows from the events each time, so a
//! word that no longer counts stops counting by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::approval::Approval;
use shipway_model::change::{Change, EMERGENCY_MAX, Emergency, Risk};
use shipway_model::event::{Body, Event};
use shipway_model::plan::Plan;
use shipway_model::release::Class;
use shipway_model::resource::{Key, Kind, Resource, Spec};
use shipway_model::{ChangeId, Digest, Name, RolloutId};

use crate::board::Met;
use crate::board::record::Noted;
use crate::review::Held;
use crate::{Code, Context, Rejection, State};

pub mod audit;
pub mod class;
pub mod escalation;
pub mod foreseen;
pub mod gates;
mod hotfix;
mod hours;
pub mod path;
pub mod people;
pub mod policy;
pub(crate) mod requirement;
pub mod risk;
pub mod standing;
pub mod template;
pub mod threshold;
pub mod word;

pub use requirement::Requirement;
pub use standing::{Standing, standing};

#[derive(Debug, Clone, Default)]
pub struct Changes {
    cases: BTreeMap<ChangeId, Case>,
    /// Which revision of what judges changes held from when on, and who declared it.
    history: BTreeMap<Key, Vec<Revision>>,
    /// The latest instant that the ledger has recorded: time does not run back, whatever a clock says.
    latest: Timestamp,
}

/// A change and what has been said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub id: ChangeId,
    pub change: Change,
    pub requested_by: String,
    pub opened: Timestamp,
    /// In the order in which they were recorded.
    pub words: Vec<Word>,
    pub review: Option<Held>,
    /// Conditions of votes that are met: by the vote's nonce and their place in it.
    pub met: BTreeMap<(String, u32), Met>,
    /// Rules, and boards among them, whose time to answer has run out, and since when.
    pub escalated: BTreeMap<String, Timestamp>,
    /// Rules that those who are asked were reminded of.
    pub reminded: BTreeMap<String, Timestamp>,
    /// Actions of its review, and the review itself, that people were told are overdue.
    pub overdue: BTreeSet<Option<Name>>,
    /// What gates said when a word that waits for them was given last.
    pub gates: Option<Noted>,
}

impl Case {
    pub(crate) fn is_escalated(&self, rule: &str) -> bool {
        self.escalated.contains_key(rule)
    }
}

/// What one person said, under a signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub by: String,
    pub at: Timestamp,
    pub approval: Approval,
    pub withdrawn: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub digest: Digest,
    pub by: String,
    pub at: Timestamp,
}

impl Changes {
    pub fn get(&self, id: ChangeId) -> Option<&Case> {
        self.cases.get(&id)
    }

    pub fn of(&self, rollout: RolloutId) -> Option<&Case> {
        self.get(ChangeId::of(rollout))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Case> {
        self.cases.values()
    }

    /// `now`, but never before what the ledger has recorded.
    pub(crate) fn not_before(&self, now: Timestamp) -> Timestamp {
        now.max(self.latest)
    }

    /// The revision of a declaration that held at `at`, and those since.
    pub(crate) fn revisions(&self, key: &Key, at: Timestamp) -> &[Revision] {
        let all: &[Revision] = self.history.get(key).map_or(&[], Vec::as_slice);
        let n_before = all.iter().take_while(|it| it.at <= at).count();
        &all[n_before.saturating_sub(1)..]
    }

    pub(crate) fn known(&self, id: ChangeId) -> Result<&Case, Rejection> {
        self.get(id).ok_or_else(|| {
            Rejection::new(Code::UnknownChange, format!("there is no change {id}"))
                .hint("`shipway change list` shows those there are")
        })
    }

    /// Remembers who declared what judges changes.
    pub(crate) fn declare(&mut self, resource: &Resource, digest: Digest, event: &Event) {
        if matches!(resource.spec, Spec::ChangePolicy(_) | Spec::Environment(_) | Spec::Board(_)) {
            let revision = Revision { digest, by: event.actor.clone(), at: event.at };
            self.history.entry(resource.key()).or_default().push(revision);
        }
    }

    pub(crate) fn note_time(&mut self, at: Timestamp) {
        self.latest = self.latest.max(at);
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::ChangeOpened { id, change } => {
                let case = Case {
                    id: *id,
                    change: change.as_ref().clone(),
                    requested_by: event.actor.clone(),
                    opened: event.at,
                    words: Vec::new(),
                    review: None,
                    met: BTreeMap::new(),
                    escalated: BTreeMap::new(),
                    reminded: BTreeMap::new(),
                    overdue: BTreeSet::new(),
                    gates: None,
                };
                self.cases.insert(*id, case);
            }
            Body::ApprovalGiven { id, approval } => {
                if let Some(case) = self.cases.get_mut(id) {
                    let (by, at, approval) = (event.actor.clone(), event.at, approval.as_ref().clone());
                    case.words.push(Word { by, at, approval, withdrawn: None });
                }
            }
            Body::ApprovalWithdrawn { id, .. } => {
                let words = self.cases.get_mut(id).into_iter().flat_map(|it| &mut it.words);
                for word in words.filter(|it| it.by == event.actor) {
                    word.withdrawn.get_or_insert(event.at);
                }
            }
            Body::ReviewHeld { id, review } => {
                if let Some(case) = self.cases.get_mut(id) {
                    case.review = Some(Held::new(review, event));
                }
            }
            Body::ActionDone { id, action, .. } => {
                if let Some(review) = self.cases.get_mut(id).and_then(|it| it.review.as_mut()) {
                    review.done.entry(action.clone()).or_insert(event.at);
                }
            }
            Body::ConditionMet { id, vote, condition, note, .. } => {
                if let Some(case) = self.cases.get_mut(id) {
                    let met = Met { by: event.actor.clone(), at: event.at, note: note.clone() };
                    case.met.entry((vote.clone(), *condition)).or_insert(met);
                }
            }
            Body::ChangeReminded { id, rule, .. } => {
                if let Some(case) = self.cases.get_mut(id) {
                    case.reminded.entry(rule.clone()).or_insert(event.at);
                }
            }
            Body::ChangeEscalated { id, rule, .. } => {
                if let Some(case) = self.cases.get_mut(id) {
                    case.escalated.entry(rule.clone()).or_insert(event.at);
                }
            }
            Body::ReviewOverdue { id, action, .. } => {
                if let Some(case) = self.cases.get_mut(id) {
                    case.overdue.insert(action.clone());
                }
            }
            Body::GatesNoted { id, .. } => {
                if let Some(case) = self.cases.get_mut(id) {
                    case.gates = Noted::of(&event.body, event.at);
                }
            }
            _ => {}
        }
    }
}

/// The change that a rollout opens; none where nothing that it touches is protected.
///
/// # Errors
/// When an emergency is not asked for as one has to be.
pub(crate) fn open(
    state: &State,
    rollout: RolloutId,
    plan: &Plan,
    emergency: Option<&Emergency>,
    ctx: &Context<'_>,
) -> Result<Option<Change>, Rejection> {
    let invalid = |message: String| Err(Rejection::new(Code::InvalidChange, message));
    let Some(release) = state.releases.get(plan.release.id) else { return Ok(None) };
    let declared = release.bundle.class;
    let Some(protected) = policy::protection(state, plan, release.created) else {
        return match emergency {
            Some(_) => invalid(format!(
                "{} is not protected, so nothing there has to be an emergency",
                plan.environment
            )),
            None => Ok(None),
        };
    };
    match (declared, emergency) {
        (Class::Emergency, None) => {
            return Err(Rejection::new(
                Code::InvalidChange,
                format!("{} is an emergency: it needs a reason, and minutes to live", plan.release.name),
            )
            .hint("`shipway release hotfix` asks for it as an emergency"));
        }
        (Class::Emergency, Some(it)) => check_emergency(it, ctx)?,
        (_, Some(_)) => {
            return invalid(format!(
                "{} is a {} release, not an emergency",
                plan.release.name,
                declared.as_str()
            ));
        }
        (_, None) => {}
    }
    let judges = policy::judges(state, &protected, release.created);
    if let Some(emergency) = emergency {
        hotfix::check(state, plan, release, emergency, &judges)?;
    }
    let risk = risk::assess(state, plan, &release.bundle, &judges.current().risk_weights, ctx.now);
    let mut found = class::derive(state, plan, &release.bundle, &protected.environment, &judges, risk.score);
    if emergency.is_some() {
        found.reasons.extend(hotfix::warnings(state, plan));
    }
    Ok(Some(Change {
        rollout,
        protected: protected.environment,
        declared,
        class: found.class,
        reasons: found.reasons,
        template: found.template,
        policy: protected.policy,
        risk,
        emergency: emergency.cloned(),
    }))
}

/// The risk of a plan by the weights of the policy that would judge it.
pub fn assess(state: &State, plan: &Plan, now: Timestamp) -> Risk {
    let Some(release) = state.releases.get(plan.release.id) else { return Risk::default() };
    let protected = policy::protection(state, plan, release.created);
    let weights =
        protected.map(|it| policy::judges(state, &it, release.created).current().risk_weights.clone());
    risk::assess(state, plan, &release.bundle, &weights.unwrap_or_default(), now)
}

fn check_emergency(emergency: &Emergency, ctx: &Context<'_>) -> Result<(), Rejection> {
    let invalid = |message: String| Err(Rejection::new(Code::InvalidChange, message));
    if crate::decide::text(&emergency.reason)?.trim().is_empty() {
        return invalid("an emergency needs a reason".to_owned());
    }
    let length = emergency.until.duration_since(ctx.now).as_millis();
    if length <= 0 || length > i128::from(EMERGENCY_MAX.0) {
        return invalid(format!("an emergency lives for at most {EMERGENCY_MAX}, and ends in the future"));
    }
    Ok(())
}

/// The services of a change.
pub(crate) fn services<'a>(state: &'a State, case: &Case) -> BTreeSet<&'a Name> {
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let release = summary.and_then(|it| state.releases.get(it.release.id));
    release.into_iter().flat_map(|it| it.bundle.parts.keys()).collect()
}

/// The Team that owns a service.
pub(crate) fn owner<'a>(state: &'a State, service: &Name) -> Option<&'a Name> {
    state.catalogue.service(service).map(|it| &it.owner)
}

pub(crate) fn key(kind: Kind, name: &Name) -> Key {
    Key { kind, name: name.clone() }
}
