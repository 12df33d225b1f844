//! Where a change stands: the first state of its workflow that is not done, and what that waits for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_model::approval::Decision;
use shipway_model::change::Shown;
use shipway_model::release::{Class, Document};
use shipway_model::resource::change_policy::{ApprovalRule, Until};
use shipway_model::resource::digest_of;
use shipway_model::{ChangeId, Digest, Name};

use super::class::Ground;
use super::people::Involved;
use super::policy::Judges;
use super::word::{self, Moment};
use super::{Case, Requirement, policy, requirement};
use crate::board::{self, Tally};
use crate::{Rollout, State, itsm, review, runbook};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Of the workflow; None when it is closed.
    pub state: Option<Name>,
    /// Documents that the release should bring and does not.
    pub documents: Vec<Document>,
    pub requirements: Vec<Requirement>,
    /// The boards that see it, and how far each is.
    pub boards: Vec<Tally>,
    /// Words that do not count, each by its nonce with why.
    pub void: Vec<(String, String)>,
    /// What keeps it from beginning, in sentences; empty when nothing does. It becomes a part of the record, and so
    /// names nobody: who could end it is told beside it.
    pub against: Vec<String>,
    /// When a word begins to count.
    pub next: Option<Timestamp>,
}

/// What stands now, as a signature names it; None once the rollout is forgotten.
pub fn shown(state: &State, case: &Case) -> Option<Shown> {
    let rollout = state.rollouts.live.get(&case.change.rollout)?;
    let release = state.releases.get(rollout.plan.release.id)?;
    Some(Shown {
        environment: rollout.plan.environment.clone(),
        class: case.change.class,
        plan: rollout.plan_digest,
        release: rollout.plan.release.digest,
        evidence: word::evidence_root(state, release),
        policy: judged_by(state, case),
    })
}

pub(super) fn with_rules<R>(state: &State, case: &Case, use_them: impl FnOnce(&[&ApprovalRule]) -> R) -> R {
    let judges = policy::of_case(state, case);
    let rules = state
        .rollouts
        .live
        .get(&case.change.rollout)
        .and_then(|it| ground(state, case, it))
        .map(|ground| requirement::rules(&ground, &judges, case));
    use_them(&rules.unwrap_or_default())
}

/// What conditions about the change look at; None once its plan is no longer at hand.
pub(crate) fn ground_of<'a>(state: &'a State, case: &'a Case) -> Option<Ground<'a>> {
    ground(state, case, state.rollouts.live.get(&case.change.rollout)?)
}

fn ground<'a>(state: &'a State, case: &'a Case, rollout: &'a Rollout) -> Option<Ground<'a>> {
    let release = state.releases.get(rollout.plan.release.id)?;
    Some(Ground {
        state,
        plan: &rollout.plan,
        bundle: &release.bundle,
        protected: &case.change.protected,
        risk: case.change.risk.score,
    })
}

/// Where the change stands at `now`.
pub fn standing(state: &State, case: &Case, now: Timestamp) -> Standing {
    let now = state.changes.not_before(now);
    let judges = policy::of_case(state, case);
    let mut standing = Standing {
        state: None,
        documents: documents(state, case, &judges),
        requirements: Vec::new(),
        boards: Vec::new(),
        void: Vec::new(),
        against: Vec::new(),
        next: None,
    };
    if let Some(rollout) = state.rollouts.live.get(&case.change.rollout) {
        words(state, case, rollout, &judges, now, &mut standing);
    }
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let (began, ended) = summary.map_or((None, None), |it| (it.started, it.ended));
    let is_done = |until: Until| match until {
        Until::Documents => standing.documents.is_empty(),
        Until::Approvals => {
            let rules = standing.requirements.iter().all(Requirement::is_satisfied);
            began.is_some() || (rules && standing.boards.iter().all(Tally::is_carried))
        }
        Until::Begun => began.is_some() || ended.is_some(),
        Until::Ended => ended.is_some(),
        Until::Reviewed => review::debt(state, case).is_none(),
    };
    let workflow = judges.current().workflow(case.change.class);
    let first = workflow.states.iter().find(|it| !is_done(it.until)).map(|it| it.name.clone());
    let documents_first = judges
        .iter()
        .any(|it| it.workflow(case.change.class).before_begin().any(|it| it == Until::Documents));
    standing.state = first;
    if began.is_none() && ended.is_none() {
        standing.against = against(state, case, &standing, documents_first, now);
    }
    standing
}

fn documents(state: &State, case: &Case, judges: &Judges) -> Vec<Document> {
    let wanted: BTreeSet<Document> =
        judges.iter().flat_map(|it| &it.workflow(case.change.class).documents).copied().collect();
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let release = summary.and_then(|it| state.releases.get(it.release.id));
    let brought = |it: &Document| release.is_some_and(|release| release.bundle.brings(*it));
    wanted.into_iter().filter(|it| !brought(it)).collect()
}

fn words(
    state: &State,
    case: &Case,
    rollout: &Rollout,
    judges: &Judges,
    now: Timestamp,
    standing: &mut Standing,
) {
    let (Some(ground), Some(shown)) = (ground(state, case, rollout), shown(state, case)) else { return };
    let moment = match rollout.started {
        Some(began) => Moment::After { began },
        None => Moment::Before { now, shown: &shown },
    };
    let rules = requirement::rules(&ground, judges, case);
    standing.requirements = requirement::requirements(state, case, &rules, moment);
    let longest = rules.iter().map(|it| it.valid).max().unwrap_or(shipway_model::approval::VALIDITY_MAX);
    let involved = Involved::of(state, case);
    let benches = board::seeing(state, case, &ground);
    standing.boards = benches.iter().map(|it| board::tally(state, case, it, &involved, moment)).collect();
    for word in &case.words {
        let valid = match word.approval.statement.board {
            Some(_) => shipway_model::approval::VALIDITY_MAX,
            None => longest,
        };
        match word::check(state, case, &involved, word, valid, moment) {
            Ok(()) => {}
            Err(fault) => {
                if let word::Fault::NotYet(from) = fault {
                    standing.next = Some(standing.next.map_or(from, |it| it.min(from)));
                }
                standing.void.push((word.approval.statement.nonce.clone(), fault.to_string()));
            }
        }
    }
    if rollout.started.is_none() {
        for word in word::last_words(state, case, None) {
            let rejects = word.approval.statement.decision == Decision::Reject;
            if rejects && word::check(state, case, &involved, word, longest, moment).is_ok() {
                standing.against.push("somebody who is asked said no".to_owned());
            }
        }
    }
}

fn against(
    state: &State,
    case: &Case,
    standing: &Standing,
    documents_first: bool,
    now: Timestamp,
) -> Vec<String> {
    let mut against = standing.against.clone();
    if documents_first {
        against
            .extend(standing.documents.iter().map(|it| format!("the release brings no {}", document(*it))));
    }
    for requirement in standing.requirements.iter().filter(|it| !it.is_satisfied()) {
        let missing = requirement.needed as usize - requirement.given.len();
        let left = requirement.can.len();
        if !requirement.gates.is_empty() {
            against.push(format!("{} waits for gates: {}", requirement.name, requirement.gates.join(", ")));
        }
        against.push(match missing {
            _ if left < missing => {
                format!("{} needs {missing} more, and only {left} could say so", requirement.name)
            }
            1 => format!("{} needs 1 more word", requirement.name),
            _ => format!("{} needs {missing} more words", requirement.name),
        });
    }
    against.extend(standing.boards.iter().filter_map(Tally::against));
    against.extend(itsm::against(state, case.id));
    if let Some(emergency) = &case.change.emergency
        && now >= emergency.until
    {
        against.push(format!("the emergency was to begin before {}", emergency.until));
    }
    if case.change.class != Class::Emergency {
        against.extend(review::against(state, case, now));
        against.extend(runbook::against(state, case, now));
    }
    against
}

pub(crate) const fn document(document: Document) -> &'static str {
    match document {
        Document::Runbook => "runbook",
        Document::Notes => "notes",
        Document::RollbackPackage => "rollback package",
        Document::Migrations => "migrations",
        Document::Flags => "flags",
    }
}

/// Why the rollout may not begin now; None when it may, or opens no change.
pub(crate) fn hold(state: &State, rollout: &Rollout, now: Timestamp) -> Option<(ChangeId, String)> {
    let case = state.changes.of(rollout.id)?;
    let against = standing(state, case, now).against;
    (!against.is_empty()).then(|| (case.id, against.join("; ")))
}

/// When something that time brings lets the rollout begin, or somebody has to be reminded.
pub(crate) fn wake(state: &State, rollout: &Rollout, now: Timestamp) -> Option<Timestamp> {
    let case = state.changes.of(rollout.id)?;
    let standing = standing(state, case, now);
    let due = super::escalation::next(case, &standing);
    standing.next.into_iter().chain(due).filter(|it| *it > now).min()
}

/// The digest of everything that says whose word is needed: the change policy, and the boards that see the change.
fn judged_by(state: &State, case: &Case) -> Digest {
    let policy = policy::of_case(state, case).digest();
    let benches = ground_of(state, case).map(|it| board::seeing(state, case, &it)).unwrap_or_default();
    if benches.is_empty() {
        return policy;
    }
    let boards: Vec<_> = benches.iter().map(|it| (it.name, &it.revisions)).collect();
    digest_of(&(policy, boards))
}

/// Why nothing more of a rollout under way may begin: a word that it began on was taken away since.
pub(crate) fn fallen(state: &State, rollout: &Rollout) -> Option<String> {
    let case = state.changes.of(rollout.id)?;
    let began = rollout.started?;
    let taken: Vec<String> = case
        .words
        .iter()
        // At the very instant counts as since: what had been taken away before is not missed below.
        .filter(|it| it.at <= began && it.withdrawn.is_none_or(|at| at >= began))
        .filter_map(|it| Some(word::check_signed(state, case.id, it).err()?.to_string()))
        .collect();
    if taken.is_empty() {
        return None;
    }
    // A policy that was edited since asks nothing of what has begun; a word that another one replaced is not missed.
    let standing = standing(state, case, began);
    let rule = standing.requirements.iter().find(|it| !it.is_satisfied()).map(|it| it.name.clone());
    let board = || standing.boards.iter().find(|it| !it.is_carried()).map(|it| board::rule_name(&it.board));
    let first = rule.or_else(board)?;
    Some(format!("{first} is no longer satisfied, a word fell: {}", taken.join("; ")))
}
