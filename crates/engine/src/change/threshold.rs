//! Rules that a measured record asks for or lets go: proposals with the changes that they rest on, and nothing more.
//!
//! A proposal is applied by declaring the policy that it writes, by somebody, with their name in the ledger.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::event::End;
use shipway_model::resource::change_policy::{
    ApprovalRule, ChangePolicy, RecordOf, Threshold, When, Workflow,
};
use shipway_model::resource::{Kind, Spec};
use shipway_model::{ChangeId, Millis, Name};

use super::{Case, key, owner, services};
use crate::{Code, Rejection, State};

/// How long a word for a proposed rule counts.
const VALID: Millis = Millis::from_secs(7 * 24 * 3600);

/// What one record asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub threshold: Name,
    /// The Team or service.
    pub of: RecordOf,
    pub about: Name,
    pub way: Way,
    /// Of the latest changes of the window.
    pub changes: u32,
    /// Taken back, or stopped on the way: these.
    pub failures: Vec<ChangeId>,
    /// The rule that comes or goes.
    pub rule: ApprovalRule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Tighten,
    Loosen,
}

/// What the records ask for, and the policy as it would be with all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposals {
    pub proposals: Vec<Proposal>,
    pub policy: ChangePolicy,
}

/// # Errors
/// When there is no such ChangePolicy.
pub fn propose(state: &State, name: &Name) -> Result<Proposals, Rejection> {
    let declared = state.catalogue.get(&key(Kind::ChangePolicy, name)).map(|it| &it.spec);
    let Some(Spec::ChangePolicy(policy)) = declared else {
        return Err(Rejection::new(Code::InvalidChange, format!("there is no ChangePolicy {name}"))
            .hint("`shipway get changepolicies` shows those there are"));
    };
    let mut proposals = Vec::new();
    for threshold in &policy.thresholds {
        let records = records(state, name, threshold.of);
        proposals.extend(records.into_iter().filter_map(|it| of_record(state, policy, threshold, it)));
    }
    let mut after = policy.clone();
    proposals.iter().for_each(|it| apply(&mut after, it));
    Ok(Proposals { proposals, policy: after })
}

/// How the changes of one Team or service ended, the latest first.
struct Record {
    about: Name,
    ends: Vec<(Timestamp, ChangeId, bool)>,
}

fn records(state: &State, policy: &Name, of: RecordOf) -> Vec<Record> {
    let mut ends: BTreeMap<Name, BTreeMap<ChangeId, (Timestamp, bool)>> = BTreeMap::new();
    for case in state.changes.iter().filter(|it| it.change.policy.as_ref() == Some(policy)) {
        let Some((at, failed)) = ended(state, case) else { continue };
        for service in services(state, case) {
            let about = match of {
                RecordOf::Service => Some(service),
                RecordOf::Team => owner(state, service),
            };
            if let Some(about) = about {
                ends.entry(about.clone()).or_default().insert(case.id, (at, failed));
            }
        }
    }
    ends.into_iter()
        .map(|(about, ends)| {
            let mut ends: Vec<_> = ends.into_iter().map(|(id, (at, failed))| (at, id, failed)).collect();
            ends.sort_by_key(|it| Reverse((it.0, it.1)));
            Record { about, ends }
        })
        .collect()
}

/// When it ended, and whether it failed; None for what never began or has not ended.
fn ended(state: &State, case: &Case) -> Option<(Timestamp, bool)> {
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    summary.started?;
    match summary.end.as_ref()? {
        End::Cancelled { .. } => None,
        End::Succeeded { .. } => Some((summary.ended?, false)),
        End::RolledBack {} | End::Aborted { .. } => Some((summary.ended?, true)),
    }
}

fn of_record(
    state: &State,
    policy: &ChangePolicy,
    threshold: &Threshold,
    record: Record,
) -> Option<Proposal> {
    let looked_at = record.ends.get(..threshold.window as usize)?;
    let failures: Vec<ChangeId> = looked_at.iter().filter(|it| it.2).map(|it| it.1).collect();
    let n_failures = u32::try_from(failures.len()).unwrap_or(u32::MAX);
    let rule = rule(state, threshold, &record.about)?;
    let stands = policy.normal.approvals.iter().any(|it| it.name == rule.name);
    let way = if !stands && threshold.tighten_from.is_met(n_failures, threshold.window) {
        Way::Tighten
    } else if stands && n_failures <= threshold.loosen_at {
        Way::Loosen
    } else {
        return None;
    };
    let (threshold, of) = (threshold, threshold.of);
    let changes = threshold.window;
    let (threshold, about) = (threshold.name.clone(), record.about);
    Some(Proposal { threshold, of, about, way, changes, failures, rule })
}

/// The rule as it would be declared; None where its name would be no name, or nothing is owned.
fn rule(state: &State, threshold: &Threshold, about: &Name) -> Option<ApprovalRule> {
    let own: BTreeSet<Name> = match threshold.of {
        RecordOf::Service => BTreeSet::from([about.clone()]),
        RecordOf::Team => {
            let all = state.catalogue.of_kind(Kind::Service).map(|it| &it.0.name);
            all.filter(|it| owner(state, it) == Some(about)).cloned().collect()
        }
    };
    let name = format!("{}-{about}", threshold.name).parse().ok().filter(|_| !own.is_empty())?;
    Some(ApprovalRule {
        name,
        when: When { services: own, ..When::default() },
        from: threshold.from.clone(),
        count: threshold.count,
        after: BTreeSet::new(),
        valid: VALID,
        delegable: true,
        after_gates: BTreeSet::new(),
        sla: None,
    })
}

/// Rules are for what nobody agreed to beforehand, and never for emergencies.
fn apply(policy: &mut ChangePolicy, proposal: &Proposal) {
    let change = |workflow: &mut Workflow| {
        workflow.approvals.retain(|it| it.name != proposal.rule.name);
        if proposal.way == Way::Tighten {
            workflow.approvals.push(proposal.rule.clone());
        }
    };
    [&mut policy.normal, &mut policy.major].into_iter().for_each(change);
}

impl Way {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tighten => "tighten",
            Self::Loosen => "loosen",
        }
    }
}
