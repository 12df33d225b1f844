//! What the rules of a workflow ask for: whose words, how many, and who could still give them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::approval::Decision;
use shipway_model::event::Role;
use shipway_model::resource::change_policy::{ApprovalRule, Approvers};
use shipway_model::resource::{Kind, Spec};

use super::class::{Ground, Is};
use super::people::Involved;
use super::word::{Moment, check, is_recused, last_words};
use super::{Case, Word, gates, hours, key, people, policy};
use crate::State;

/// What one rule asks for, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The rule's name; with the Team, where each owner is asked.
    pub name: String,
    pub needed: u32,
    /// Who gave the words that count, and whose seat they fill.
    pub given: Vec<(String, String)>,
    /// Who could give what is missing; without those whose own work it is.
    pub can: BTreeSet<String>,
    /// Which rules have to be satisfied before.
    pub after: Vec<String>,
    /// Gates that have to pass before a word counts, and do not.
    pub gates: Vec<String>,
    /// When those who are asked are reminded, and when others are asked beside them; from when it is their turn on.
    pub reminds: Option<Timestamp>,
    pub escalates: Option<Timestamp>,
    /// When the last word that it needed came.
    satisfied: Option<Timestamp>,
}

impl Requirement {
    pub const fn is_satisfied(&self) -> bool {
        self.satisfied.is_some()
    }
}

/// The seats of one requirement: who may speak, by themselves or through a delegate.
pub(super) struct Seats {
    people: BTreeSet<String>,
}

/// What the rules ask for, rule by rule and owner by owner, and how far each is.
pub(crate) fn requirements(
    state: &State,
    case: &Case,
    rules: &[&ApprovalRule],
    moment: Moment<'_>,
) -> Vec<Requirement> {
    let involved = Involved::of(state, case);
    let mut done: BTreeMap<&Name, Option<Timestamp>> = BTreeMap::new();
    let mut found = Vec::new();
    for rule in rules {
        // From the last word of those that come before; None while one of them is missing.
        let opens = rule
            .after
            .iter()
            .map(|it| done.get(it).copied().flatten())
            .try_fold(Timestamp::MIN, |latest, at| at.map(|at| latest.max(at)));
        let closed = match moment {
            Moment::Before { now, .. } => gates::closed(state, case, rule, now),
            // It began on them.
            Moment::After { .. } => Vec::new(),
        };
        let mut of_rule = Vec::new();
        for (name, seats) in seats(state, case, rule) {
            of_rule.push(
                Count { state, case, involved: &involved, rule, opens, closed: &closed, moment }
                    .requirement(name, &seats),
            );
        }
        let all = of_rule
            .iter()
            .map(|it| it.satisfied)
            .try_fold(Timestamp::MIN, |latest, at| at.map(|at| latest.max(at)));
        done.insert(&rule.name, all);
        found.extend(of_rule);
    }
    found
}

/// What counting the words for one rule looks at.
struct Count<'a> {
    state: &'a State,
    case: &'a Case,
    involved: &'a Involved<'a>,
    rule: &'a ApprovalRule,
    /// Words from then on count; none does while a rule before this one is not satisfied.
    opens: Option<Timestamp>,
    /// Gates that do not pass; no word counts while one does not.
    closed: &'a [String],
    moment: Moment<'a>,
}

impl Count<'_> {
    fn requirement(&self, name: String, seats: &Seats) -> Requirement {
        let Self { state, case, rule, .. } = *self;
        let mut given: Vec<(String, String)> = Vec::new();
        let mut satisfied = None;
        for word in last_words(state, case, None).filter(|it| self.counts(it)) {
            let is_taken = |seat: &str| given.iter().any(|it| people::is_same(state, &it.1, seat));
            if given.iter().any(|it| people::is_same(state, &it.0, &word.by)) {
                continue;
            }
            let mut free = seats.of(state, case, self.involved, (&word.by, word.at), rule.delegable);
            if let Some(seat) = free.find(|it| !is_taken(it)) {
                given.push((word.by.clone(), seat));
                if given.len() >= rule.count as usize {
                    satisfied = Some(word.at);
                    break;
                }
            }
        }
        let spoke = |person: &String| given.iter().any(|it| it.1 == *person || it.0 == *person);
        let can = seats.people.iter().filter(|it| {
            !spoke(it) && !is_recused(state, case, it, None) && self.involved.part(it).is_none()
        });
        let turn = self.opens.map(|it| it.max(case.opened));
        let sla = turn.zip(rule.sla.as_ref());
        let due = |after| sla.map(|(turn, _)| hours::after(state, &seats.people, turn, after));
        Requirement {
            name,
            gates: self.closed.to_vec(),
            reminds: sla.and_then(|(_, it)| it.remind_after).and_then(due),
            escalates: sla.map(|(_, it)| it.escalate_after).and_then(due),
            needed: rule.count,
            can: can.cloned().collect(),
            given,
            after: rule.after.iter().map(ToString::to_string).collect(),
            satisfied,
        }
    }

    fn counts(&self, word: &Word) -> bool {
        word.approval.statement.decision == Decision::Approve
            && self.closed.is_empty()
            && self.opens.is_some_and(|opens| word.at >= opens)
            && check(self.state, self.case, self.involved, word, self.rule.valid, self.moment).is_ok()
    }
}

impl Seats {
    /// The seats that a person may fill at an instant, their own first.
    pub(super) fn of<'a>(
        &'a self,
        state: &'a State,
        case: &'a Case,
        involved: &'a Involved<'a>,
        (person, at): (&'a str, Timestamp),
        delegable: bool,
    ) -> impl Iterator<Item = String> + 'a {
        let own = self.people.iter().filter(move |it| people::is_same(state, it, person));
        let lent = state.delegations.seats_of(person, at).filter(move |from| {
            // Whoever may not speak cannot have another speak for them.
            delegable
                && self.people.iter().any(|it| people::is_same(state, it, from))
                && !is_recused(state, case, from, None)
                && involved.part(from).is_none()
        });
        own.map(String::as_str).chain(lent).map(ToOwned::to_owned)
    }
}

/// The rules of the workflow that apply to the change.
pub(crate) fn rules<'a>(
    ground: &Ground<'_>,
    judges: &'a policy::Judges,
    case: &Case,
) -> Vec<&'a ApprovalRule> {
    let mut found: Vec<&ApprovalRule> = Vec::new();
    for rule in judges.iter().flat_map(|it| &it.workflow(case.change.class).approvals) {
        if ground.is(&rule.when) != Is::No && !found.contains(&rule) {
            found.push(rule);
        }
    }
    found
}

/// Where owners are asked, each owning Team has seats of its own; other rules have one set.
pub(super) fn seats(state: &State, case: &Case, rule: &ApprovalRule) -> Vec<(String, Seats)> {
    let mut found = own_seats(state, case, rule);
    if let Some(sla) = &rule.sla {
        for (name, seats) in &mut found {
            if case.is_escalated(name) {
                seats.people.extend(people_of(state, &sla.escalate_to));
            }
        }
    }
    found
}

fn own_seats(state: &State, case: &Case, rule: &ApprovalRule) -> Vec<(String, Seats)> {
    let others = Approvers { owners: false, ..rule.from.clone() };
    let mut found = Vec::new();
    if others != Approvers::default() {
        found.push((rule.name.to_string(), Seats { people: people_of(state, &others) }));
    }
    if rule.from.owners {
        let owners: BTreeSet<&Name> =
            super::services(state, case).into_iter().filter_map(|it| super::owner(state, it)).collect();
        for owner in owners {
            found.push((format!("{} ({owner})", rule.name), Seats { people: members(state, owner) }));
        }
    }
    found
}

pub(super) fn people_of(state: &State, from: &Approvers) -> BTreeSet<String> {
    let mut found = from.people.clone();
    found.extend(from.teams.iter().flat_map(|it| members(state, it)));
    let holds = |role: &Role| from.roles.contains(role);
    let tokens = state.access.tokens().filter(|it| it.revoked.is_none() && holds(&it.role));
    found.extend(tokens.map(|it| it.name.clone()));
    found
}

fn members(state: &State, team: &Name) -> BTreeSet<String> {
    match state.catalogue.get(&key(Kind::Team, team)).map(|it| &it.spec) {
        Some(Spec::Team(team)) => team.members.clone(),
        _ => BTreeSet::new(),
    }
}
