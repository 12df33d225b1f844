//! May a build go where others run or are on their way? True, false, or not known, pair by pair.
//!
//! A build meets whatever runs in the environment, whatever a rollout under way or queued brings there, and, of the other
//! services of its release, both what runs and what comes: while the release rolls out, and while it is taken back, every
//! mixture of old and new may stand side by side. Two builds fit as far as pacts between them were verified; whoever
//! relies on a service without a pact is served as far as the interface that it knows still holds.

use std::collections::BTreeMap;

use shipway_model::contract::{Contract, Deployability, Fit, FitReason, Pact, PactVerification};
use shipway_model::evidence::{Kind, Normal};
use shipway_model::resource::policy::{Contracts, Gate, Require};
use shipway_model::{Digest, EvidenceId, Name, RolloutId, Version};

use super::{Change, Severity, announces_a_break, compare, promises};
use crate::counting::{Index, View, latest};
use crate::facts::{Evidence, Facts};

/// Breaks that one reason names.
const BREAKS_TOLD: usize = 3;

/// One build, and what is known of its contracts.
struct Party<'a> {
    service: &'a Name,
    version: &'a Version,
    place: Place,
    /// The artifact that further evidence would be about.
    artifact: Option<&'a Digest>,
    contracts: Vec<(EvidenceId, &'a Contract)>,
    relies_on_it: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is what is asked about.
    Candidate,
    Runs,
    Arrives(RolloutId),
    /// It comes with the same release.
    Comes,
}

/// Whether the build of `service` in the facts may go where they are about. All evidence about it counts.
pub fn can_deploy(facts: &Facts, service: &Name) -> Deployability {
    let gate = Gate {
        name: service.clone(),
        services: std::collections::BTreeSet::new(),
        require: Require::Contracts(Contracts::default()),
        max_age: None,
        independent: false,
        owner: None,
    };
    let index = Index::of(facts);
    let view = View { facts, index: &index, gate: &gate, senders: &BTreeMap::new(), service };
    let own = view.evidence(Kind::Contracts).documents;
    let Some(meeting) = Meeting::of(&view, &own) else { return Deployability::of(Vec::new(), service) };
    Deployability::of([meeting.pacts(), meeting.interface()].concat(), service)
}

/// Whether the pacts of a service with whatever it meets were verified; `own` is the evidence about it that counts.
pub(crate) fn pacts(view: &View<'_>, own: &[(EvidenceId, &Normal)]) -> Vec<FitReason> {
    Meeting::of(view, own).map(|it| it.pacts()).unwrap_or_default()
}

/// A build and all that it meets.
struct Meeting<'a> {
    candidate: Party<'a>,
    /// What the candidate replaces, and other builds of its service that are on their way.
    predecessors: Vec<Party<'a>>,
    others: Vec<Party<'a>>,
    environment: &'a Name,
}

impl<'a> Meeting<'a> {
    fn of(view: &View<'a>, own: &[(EvidenceId, &'a Normal)]) -> Option<Self> {
        let facts = view.facts;
        let service = facts.services.get(view.service)?;
        let candidate = Party {
            service: view.service,
            version: &service.version,
            place: Place::Candidate,
            artifact: service.artifacts.first(),
            contracts: contracts(own),
            relies_on_it: false,
        };
        let mut predecessors = Vec::new();
        let mut others = Vec::new();
        for (name, it) in &facts.services {
            let is_own = name == view.service;
            if let Some(running) = &it.running {
                let known = about(&facts.baseline, name);
                let list = if is_own { &mut predecessors } else { &mut others };
                list.push(Party {
                    service: name,
                    version: &running.version,
                    place: Place::Runs,
                    artifact: running.artifacts.first(),
                    contracts: contracts(&known),
                    relies_on_it: it.depends_on.contains(view.service),
                });
            }
            if !is_own {
                others.push(Party {
                    service: name,
                    version: &it.version,
                    place: Place::Comes,
                    artifact: it.artifacts.first(),
                    contracts: contracts(&about(&facts.evidence, name)),
                    relies_on_it: it.depends_on.contains(view.service),
                });
            }
        }
        for it in &facts.surroundings.neighbours {
            let known = facts.surroundings.contracts.iter().filter(|known| {
                known.services.contains(&it.service) && !known.subject.is_disjoint(&it.artifacts)
            });
            let party = Party {
                service: &it.service,
                version: &it.version,
                place: it.rollout.map_or(Place::Runs, Place::Arrives),
                artifact: it.artifacts.first(),
                contracts: contracts(&latest(known.collect())),
                relies_on_it: it.relies_on.contains(view.service),
            };
            if it.service == *view.service { &mut predecessors } else { &mut others }.push(party);
        }
        Some(Self { candidate, predecessors, others, environment: &facts.environment })
    }

    /// What the candidate expects of others, and others of it.
    fn pacts(&self) -> Vec<FitReason> {
        let mut reasons = Vec::new();
        for other in &self.others {
            for (id, pact) in other.pacts_with(self.candidate.service) {
                reasons.push(self.verified(other, (id, pact), other, &self.candidate));
            }
            for (id, pact) in self.candidate.pacts_with(other.service) {
                reasons.push(self.verified(&self.candidate, (id, pact), other, other));
            }
        }
        for (id, pact) in self.candidate.pacts_of() {
            let is_there = |it: &Party<'_>| is_named(&pact.provider, it.service);
            if !self.others.iter().any(is_there) && !is_named(&pact.provider, self.candidate.service) {
                let why = format!(
                    "it expects {} of {}, which neither runs in {} nor is on its way there",
                    told(pact.interactions.len(), "interaction"),
                    pact.provider,
                    self.environment
                );
                reasons.push(self.reason(Fit::False, None, why, vec![id]));
            }
        }
        reasons
    }

    /// What the verifications of a provider's build say about a pact; `met` is whoever of the two is not the candidate.
    fn verified(
        &self,
        consumer: &Party<'_>,
        (id, pact): (EvidenceId, &Pact),
        met: &Party<'_>,
        provider: &Party<'_>,
    ) -> FitReason {
        let (from, to) = (consumer.told(), provider.told());
        let said = provider.verifications().filter(|(_, it)| it.is_of(pact, consumer.version)).last();
        match said {
            Some((proof, it)) if it.passed => {
                let why = format!("{to} was verified against what {from} expects");
                self.reason(Fit::True, Some(met), why, vec![id, proof])
            }
            Some((proof, it)) => {
                let first = it.failures.first().map(|it| format!(": {it}")).unwrap_or_default();
                let why = format!("{to} does not keep what {from} expects{first}");
                self.reason(Fit::False, Some(met), why, vec![id, proof])
            }
            None => {
                let why = format!("nobody has verified {to} against what {from} expects");
                let subject = provider.artifact.map(ToString::to_string).unwrap_or_default();
                let mut reason = self.reason(Fit::Unknown, Some(met), why, vec![id]);
                reason.next = Some(format!("shipway evidence attach VERIFICATION.json --subject {subject}"));
                reason
            }
        }
    }

    /// Whoever relies on the service without a pact knows the interface of what runs, or of what is on its way.
    fn interface(&self) -> Vec<FitReason> {
        let relying = self.others.iter().filter(|it| {
            it.relies_on_it
                && !matches!(it.place, Place::Comes)
                && it.pacts_with(self.candidate.service).next().is_none()
        });
        relying.flat_map(|other| self.predecessors.iter().map(|before| self.holds(before, other))).collect()
    }

    fn holds(&self, before: &Party<'_>, other: &Party<'_>) -> FitReason {
        let (known, promised) = (before.promised(), self.candidate.promised());
        let evidence: Vec<EvidenceId> = before.promising().chain(self.candidate.promising()).collect();
        if known.is_empty() || promised.is_empty() {
            let party = if known.is_empty() { before } else { &self.candidate };
            let subject = party.artifact.map(ToString::to_string).unwrap_or_default();
            let why =
                format!("no contract of {} is attached, so what would break is not known", party.told());
            let mut reason = self.reason(Fit::Unknown, Some(other), why, evidence);
            reason.next = Some(format!("shipway evidence attach CONTRACT --subject {subject}"));
            return reason;
        }
        let all = compare(&known, &promised);
        let broken: Vec<&Change> = all.iter().filter(|it| it.severity == Severity::Error).collect();
        if broken.is_empty() {
            let why = format!("nothing that {} promises is broken", before.told());
            return self.reason(Fit::True, Some(other), why, evidence);
        }
        let shown: Vec<String> =
            broken.iter().take(BREAKS_TOLD).map(|it| format!("{} at {}", it.rule, it.place)).collect();
        let listed = format!("{}: {}", told(broken.len(), "break"), shown.join(", "));
        match announces_a_break(before.version, self.candidate.version) {
            Ok(true) => {
                let why =
                    format!("the new major version announces {listed}; whether it uses these is not known");
                self.reason(Fit::Unknown, Some(other), why, evidence)
            }
            Ok(false) => {
                let why = format!("since {} there is {listed}", before.told());
                self.reason(Fit::False, Some(other), why, evidence)
            }
            Err(why) => self.reason(Fit::False, Some(other), format!("{listed}; {why}"), evidence),
        }
    }

    fn reason(
        &self,
        answer: Fit,
        met: Option<&Party<'_>>,
        why: String,
        evidence: Vec<EvidenceId>,
    ) -> FitReason {
        let service = self.candidate.service.clone();
        FitReason { answer, service, meets: met.map(Party::introduced), why, evidence, next: None }
    }
}

impl<'a> Party<'a> {
    fn pacts_of(&self) -> impl Iterator<Item = (EvidenceId, &'a Pact)> + '_ {
        self.contracts.iter().filter_map(|(id, it)| match it {
            Contract::Pact(pact) if is_named(&pact.consumer, self.service) => Some((*id, pact)),
            _ => None,
        })
    }

    fn pacts_with(&self, provider: &Name) -> impl Iterator<Item = (EvidenceId, &'a Pact)> + '_ {
        let provider = provider.clone();
        self.pacts_of().filter(move |(_, it)| is_named(&it.provider, &provider))
    }

    fn verifications(&self) -> impl Iterator<Item = (EvidenceId, &'a PactVerification)> + '_ {
        self.contracts.iter().filter_map(|(id, it)| match it {
            Contract::PactVerification(said) => Some((*id, said)),
            _ => None,
        })
    }

    fn promised(&self) -> Vec<&'a Contract> {
        self.contracts.iter().map(|(_, it)| *it).filter(|it| promises(it)).collect()
    }

    fn promising(&self) -> impl Iterator<Item = EvidenceId> + '_ {
        self.contracts.iter().filter(|(_, it)| promises(it)).map(|(id, _)| *id)
    }

    fn told(&self) -> String {
        format!("{} {}", self.service, self.version)
    }

    fn introduced(&self) -> String {
        let how = match self.place {
            Place::Candidate => "which is to go there".to_owned(),
            Place::Runs => "which runs".to_owned(),
            Place::Arrives(rollout) => format!("which {rollout} brings"),
            Place::Comes => "which comes with it".to_owned(),
        };
        format!("{}, {how}", self.told())
    }
}

/// Pacts call services as people do: `Order Web` is the service `order-web`.
fn is_named(said: &str, service: &Name) -> bool {
    let plain: String = said
        .trim()
        .chars()
        .map(|it| if it == ' ' || it == '_' { '-' } else { it.to_ascii_lowercase() })
        .collect();
    plain == service.as_str()
}

fn told(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn about<'a>(evidence: &'a [Evidence], service: &Name) -> Vec<(EvidenceId, &'a Normal)> {
    let is_about = |it: &&Evidence| it.services.contains(service) && it.kinds.contains(&Kind::Contracts);
    latest(evidence.iter().filter(is_about).collect())
}

fn contracts<'a>(documents: &[(EvidenceId, &'a Normal)]) -> Vec<(EvidenceId, &'a Contract)> {
    let all = documents.iter().flat_map(|(id, it)| it.contracts.iter().flatten().map(|it| (*id, it)));
    all.collect()
}
