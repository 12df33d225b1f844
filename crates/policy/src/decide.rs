//! All gates of some policies, asked about one set of facts.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::gate::{Requirement, Status};
use shipway_model::resource::Policy;
use shipway_model::resource::policy::{Gate, Rego, Require};
use shipway_model::{Name, WaiverId};

use crate::counting::{Index, View};
use crate::facts::{Facts, GrantedWaiver};
use crate::found::Found;
use crate::gates;
use crate::rego::{self, Input, Said};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 1_000;

/// The answer without the digests of its inputs, which whoever asked knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub passes: bool,
    pub requirements: Vec<Requirement>,
}

/// Says what a Rego module says about the facts, or why it cannot be asked.
pub type Modules<'a> = &'a dyn Fn(&Rego) -> Result<Said, String>;

/// Asks every gate. No policy at all passes nothing: a stage that asks for none has asked for nothing, and says so
/// when its file is read.
pub fn decide(policies: &BTreeMap<Name, Policy>, facts: &Facts) -> Answer {
    // What Rego sees of the facts, once some module has asked for it.
    let input = OnceCell::new();
    decide_with(policies, facts, &|rule| rego::ask(rule, input.get_or_init(|| Input::of(facts))))
}

/// The same with somebody else asking the Rego modules about the facts: one who bounds what a module takes.
pub fn decide_with(policies: &BTreeMap<Name, Policy>, facts: &Facts, modules: Modules<'_>) -> Answer {
    let index = Index::of(facts);
    let mut requirements = Vec::new();
    for (name, policy) in policies {
        for gate in &policy.gates {
            ask((name, policy), gate, (facts, &index, modules), &mut requirements);
        }
    }
    let passes = !requirements.is_empty() && requirements.iter().all(|it| it.status.passes());
    Answer { passes, requirements }
}

fn ask(
    (policy, whole): (&Name, &Policy),
    gate: &Gate,
    (facts, index, modules): (&Facts, &Index<'_>, Modules<'_>),
    requirements: &mut Vec<Requirement>,
) {
    let mut put = |service: Option<&Name>, found: Found| {
        let found = waive(policy, gate, service, found, facts);
        let owner = gate.owner.as_ref().or_else(|| facts.services.get(service?)?.owner.as_ref());
        let who = (!found.status.passes()).then(|| match owner {
            Some(owner) => format!("team {owner}"),
            None => "whoever builds or tests it".to_owned(),
        });
        requirements.push(Requirement {
            policy: policy.clone(),
            gate: gate.name.clone(),
            kind: gate.require.word().to_owned(),
            service: service.cloned(),
            status: found.status,
            reasons: found.reasons.into_iter().map(presentable).collect(),
            evidence: found.evidence,
            until: found.until.or_else(|| lapses(&found.waivers, facts)),
            waivers: found.waivers,
            who,
            next: found.next,
        });
    };
    match &gate.require {
        Require::Documents(rule) => {
            put(None, gates::documents::judge(rule, gate, &whole.senders, (facts, index)))
        }
        Require::KnownErrors(rule) => put(None, gates::known_errors::judge(rule, facts)),
        Require::Parity(rule) => put(None, gates::parity::judge(policy, gate, rule, facts)),
        Require::Rego(rule) => put(None, gates::rego::judge(modules(rule))),
        _ => {
            let wanted = |name: &&Name| gate.services.is_empty() || gate.services.contains(*name);
            for service in facts.services.keys().filter(wanted) {
                let view = View { facts, index, gate, senders: &whole.senders, service };
                put(Some(service), of_service(policy, &view));
            }
        }
    }
}

fn of_service(policy: &Name, view: &View<'_>) -> Found {
    match &view.gate.require {
        Require::Tests(rule) => gates::tests::judge(rule, view),
        Require::Coverage(rule) => gates::coverage::judge(rule, view),
        Require::Vulnerabilities(rule) => gates::vulnerabilities::judge(policy, rule, view),
        Require::Licences(rule) => gates::licences::judge(rule, view),
        Require::Secrets(_) => gates::secrets::judge(policy, view),
        Require::Findings(rule) => gates::findings::judge(policy, rule, view),
        Require::Mutation(rule) => gates::mutation::judge(rule, view),
        Require::Debt(rule) => gates::debt::judge(rule, view),
        Require::Load(rule) => gates::load::judge(rule, view),
        Require::Statement(rule) => gates::statement::judge(rule, view),
        Require::Provenance(rule) => gates::provenance::judge(rule, view),
        Require::Contracts(rule) => gates::contracts::judge(rule, view),
        Require::Flakiness(rule) => gates::flakiness::judge(rule, view),
        Require::Versions(rule) => gates::versions::judge(rule, view),
        Require::Monitoring(rule) => gates::monitoring::judge(rule, view),
        Require::Readiness(rule) => gates::readiness::judge(rule, view),
        Require::Documents(_) | Require::Parity(_) | Require::KnownErrors(_) | Require::Rego(_) => {
            unreachable!("they are about the release as a whole")
        }
    }
}

/// A waiver of the gate as a whole; those of single findings were heeded by the gate.
fn waive(policy: &Name, gate: &Gate, service: Option<&Name>, mut found: Found, facts: &Facts) -> Found {
    if found.status.passes() {
        return found;
    }
    let of_whole = |it: &&GrantedWaiver| {
        let waiver = &it.waiver;
        waiver.policy == *policy
            && waiver.gate == gate.name
            && waiver.finding.is_none()
            && waiver.package.is_none()
            && (waiver.service.is_none() || waiver.service.as_ref() == service)
            && waiver.expires > facts.at
    };
    if let Some(granted) = facts.waivers.iter().find(of_whole) {
        found.status = Status::Waived;
        found.waivers.push(granted.id);
        found.reasons.push(said(granted));
    }
    found
}

/// That something is waived. Whose word it is and why is told by the waiver itself: decisions are kept for ever, and
/// names of people may have to be erased.
pub(crate) fn said(granted: &GrantedWaiver) -> String {
    format!("waived until {} ({})", granted.waiver.expires, granted.id)
}

/// When the first of these no longer counts.
fn lapses(waivers: &[WaiverId], facts: &Facts) -> Option<Timestamp> {
    facts.waivers.iter().filter(|it| waivers.contains(&it.id)).map(|it| it.waiver.expires).min()
}

/// Reasons repeat what tools wrote: nothing in them may steer a terminal or fill a page.
fn presentable(reason: String) -> String {
    if reason.len() <= REASON_CHARS_MAX && !reason.contains(char::is_control) {
        return reason;
    }
    let clean: String = reason.chars().filter(|it| !it.is_control()).take(REASON_CHARS_MAX + 1).collect();
    match clean.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}
