//! The register of exceptions: everything by which something was let through that the rules would have stopped, in one
//! list.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::release::ReleaseRef;

use crate::calendar::{Permit, Subject};
use crate::rollout::closing;
use crate::scope::Late;
use crate::{Case, Grant, State, Summary, access};

/// What kind of rule is let be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Through a closed calendar.
    Calendar,
    /// Past a gate.
    Waiver,
    /// Past boards and owed reviews.
    Hotfix,
    /// Into a frozen scope.
    LateItem,
    /// More than one's role.
    Privilege,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Calendar, Self::Waiver, Self::Hotfix, Self::LateItem, Self::Privilege];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::Waiver => "waiver",
            Self::Hotfix => "hotfix",
            Self::LateItem => "late-item",
            Self::Privilege => "privilege",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    /// Of the exception, waiver, change, late item or grant.
    pub id: String,
    /// What is let through, in a sentence.
    pub what: String,
    pub why: String,
    /// Who answers for it.
    pub owner: String,
    pub approved_by: Vec<String>,
    /// Where it stands, in one word.
    pub standing: &'static str,
    pub requested: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// What went through on account of it.
    pub touched: Vec<String>,
}

/// Every exception that was ever asked for, the latest first.
pub fn register(state: &State, now: Timestamp) -> Vec<Entry> {
    let calendar = state.calendars.exceptions.iter().map(|it| of_permit(state, it, now));
    let waivers = state.waivers.iter().map(|it| of_waiver(state, it, now));
    let hotfixes = state.changes.iter().filter_map(|it| of_hotfix(state, it, now));
    let late = state.scopes.all_late().map(|it| of_late(it, now));
    let grants = state.access.grants.iter().map(|it| of_grant(it, now));
    let mut found: Vec<Entry> = calendar.chain(waivers).chain(hotfixes).chain(late).chain(grants).collect();
    found.sort_by(|one, other| other.requested.cmp(&one.requested).then(one.id.cmp(&other.id)));
    found
}

fn of_permit(state: &State, permit: &Permit, now: Timestamp) -> Entry {
    let exception = &permit.exception;
    let closed = exception.calendar.as_ref().map_or("any calendar".to_owned(), |it| format!("calendar {it}"));
    let release = exception.release.as_ref().map_or(String::new(), |it| format!(" for {it}"));
    Entry {
        kind: Kind::Calendar,
        id: permit.id.to_string(),
        what: format!("through {closed}{release} from {}", exception.from),
        why: exception.reason.clone(),
        owner: permit.requested_by.clone(),
        approved_by: permit.approvals.iter().map(|it| it.0.clone()).collect(),
        standing: permit.standing(now),
        requested: permit.requested,
        expires: Some(exception.until),
        touched: of_calendar(state, permit),
    }
}

/// Rollouts that began while it held, in what it covers.
fn of_calendar(state: &State, permit: &Permit) -> Vec<String> {
    let Some(from) = permit.holds_from() else { return Vec::new() };
    let began = |it: &&Summary| it.started.is_some_and(|at| from <= at && at < permit.exception.until);
    let is_covered = |it: &&Summary| {
        let services = state.releases.get(it.release.id).into_iter().flat_map(|it| it.bundle.parts.keys());
        let class = state.releases.get(it.release.id).map(|it| it.bundle.class).unwrap_or_default();
        let subject = |service| Subject {
            environment: Some(it.environment.clone()),
            class,
            ..closing::of_service(state, service)
        };
        let subjects: Vec<Subject> = services.map(subject).collect();
        !subjects.is_empty() && permit.covers(&subjects, Some(&it.release.name))
    };
    state.rollouts.summaries.values().filter(began).filter(is_covered).map(rollout).collect()
}

fn of_waiver(state: &State, grant: &Grant, now: Timestamp) -> Entry {
    let waiver = &grant.waiver;
    let narrowed = [
        waiver.service.as_ref().map(|it| format!("service {it}")),
        waiver.finding.as_ref().map(|it| format!("finding {it}")),
        waiver.package.as_ref().map(|it| format!("package {it}")),
    ];
    let narrowed: Vec<String> = narrowed.into_iter().flatten().collect();
    let of = if narrowed.is_empty() { String::new() } else { format!(" for {}", narrowed.join(", ")) };
    let used = state.decisions.iter().filter(|it| it.waivers.contains(&grant.id));
    let rollouts: BTreeSet<_> = used.map(|it| it.rollout).collect();
    let touched = rollouts.iter().filter_map(|it| state.rollouts.summaries.get(it)).map(rollout);
    Entry {
        kind: Kind::Waiver,
        id: grant.id.to_string(),
        what: format!("past the gate {} of {}{of}", waiver.gate, waiver.policy),
        why: waiver.reason.clone(),
        owner: waiver.owner.clone(),
        approved_by: grant.approved.iter().map(|it| it.0.clone()).collect(),
        standing: grant.standing(now),
        requested: grant.requested,
        expires: Some(waiver.expires),
        touched: touched.collect(),
    }
}

fn of_hotfix(state: &State, case: &Case, now: Timestamp) -> Option<Entry> {
    let emergency = case.change.emergency.as_ref()?;
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    let last = crate::change::word::last_words(state, case, None);
    let approve = shipway_model::approval::Decision::Approve;
    let said_yes = last.filter(|it| it.approval.statement.decision == approve);
    let standing = match (summary.started, summary.ended) {
        (_, Some(_)) if crate::review::debt(state, case).is_some() => "to be reviewed",
        (Some(_), Some(_)) => "closed",
        (None, Some(_)) => "withdrawn",
        (Some(_), None) => "in force",
        (None, None) if now >= emergency.until => "expired",
        (None, None) => "requested",
    };
    Some(Entry {
        kind: Kind::Hotfix,
        id: case.id.to_string(),
        what: format!(
            "{} past boards and owed reviews, severity {}",
            named(&summary.release),
            emergency.severity.as_str()
        ),
        why: emergency.reason.clone(),
        owner: case.requested_by.clone(),
        approved_by: said_yes.map(|it| it.by.clone()).collect(),
        standing,
        requested: case.opened,
        expires: Some(emergency.until),
        touched: summary.started.iter().map(|_| rollout(summary)).collect(),
    })
}

fn of_late(late: &Late, now: Timestamp) -> Entry {
    let asked = &late.late;
    Entry {
        kind: Kind::LateItem,
        id: late.id.to_string(),
        what: format!("{} into the frozen scope of {}", asked.item.name, asked.planned),
        why: asked.reason.clone(),
        owner: late.requested_by.clone(),
        approved_by: late.approvals.iter().map(|it| it.0.clone()).collect(),
        standing: late.standing(now),
        requested: late.requested,
        expires: Some(late.lapses()),
        touched: late.is_let_in().then(|| format!("release {}", asked.planned)).into_iter().collect(),
    }
}

fn of_grant(grant: &access::Grant, now: Timestamp) -> Entry {
    let privilege = &grant.privilege;
    let environments: Vec<&str> = privilege.environments.iter().map(Name::as_str).collect();
    let place = if environments.is_empty() { "everywhere".to_owned() } else { environments.join(", ") };
    let run =
        if privilege.run.is_empty() { String::new() } else { format!(" for the run {}", privilege.run) };
    Entry {
        kind: Kind::Privilege,
        id: grant.id.to_string(),
        what: format!("{} as {}, {place}{run}", grant.requested_by, role(privilege.role)),
        why: privilege.reason.clone(),
        owner: grant.requested_by.clone(),
        approved_by: grant.approved.iter().map(|it| it.by.clone()).collect(),
        standing: grant.standing(now),
        requested: grant.requested,
        expires: grant.approved.as_ref().map(|it| it.until),
        touched: grant
            .uses
            .iter()
            .map(|it| format!("{} on {} at {}", it.operation, it.resource, it.at))
            .collect(),
    }
}

fn role(role: shipway_model::event::Role) -> String {
    format!("{role:?}").to_lowercase()
}

fn rollout(summary: &Summary) -> String {
    format!("{} of {} into {}", summary.id, named(&summary.release), summary.environment)
}

fn named(release: &ReleaseRef) -> String {
    format!("{}@{}", release.name, release.version)
}
