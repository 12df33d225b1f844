//! Which evidence counts for a gate, and why the rest does not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use shipway_model::contract::Contract;
use shipway_model::event::CONTROL_PLANE;
use shipway_model::evidence::{KNOWLEDGE, Kind, Normal};
use shipway_model::resource::policy::Gate;
use shipway_model::{Digest, EvidenceId, Name};

use crate::facts::{Evidence, Facts, Service};

/// What every gate looks for in the facts, put in order once for all gates and services.
pub(crate) struct Index<'a> {
    /// By the services that it is about, each the earliest first.
    evidence: BTreeMap<&'a Name, Vec<&'a Evidence>>,
    baseline: BTreeMap<&'a Name, Vec<&'a Evidence>>,
    /// Everything that is in the release, and the release itself.
    subjects: BTreeSet<Digest>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(facts: &'a Facts) -> Self {
        let artifacts = facts.services.values().flat_map(|it| it.artifacts.iter().copied());
        Self {
            evidence: by_service(&facts.evidence),
            baseline: by_service(&facts.baseline),
            subjects: artifacts.chain([facts.release.digest]).collect(),
        }
    }
}

fn by_service(all: &[Evidence]) -> BTreeMap<&Name, Vec<&Evidence>> {
    let mut sorted: BTreeMap<&Name, Vec<&Evidence>> = BTreeMap::new();
    for it in all {
        it.services.iter().for_each(|service| sorted.entry(service).or_default().push(it));
    }
    sorted
}

/// A gate's look at one service of the release.
pub(crate) struct View<'a> {
    pub(crate) facts: &'a Facts,
    /// Of the same facts.
    pub(crate) index: &'a Index<'a>,
    pub(crate) gate: &'a Gate,
    /// Whose evidence of a kind counts, where not everybody's does.
    pub(crate) senders: &'a BTreeMap<Kind, BTreeSet<String>>,
    pub(crate) service: &'a Name,
}

/// Evidence of one kind that counts, and what was set aside.
pub(crate) struct Counted<'a> {
    pub(crate) documents: Vec<(EvidenceId, &'a Normal)>,
    /// One sentence per document that does not count.
    pub(crate) set_aside: Vec<String>,
}

impl<'a> View<'a> {
    /// All that is attached about the service as it is in the release, whether it counts or not.
    pub(crate) fn attached(&self) -> impl Iterator<Item = &'a Evidence> + use<'a> {
        self.index.evidence.get(self.service).into_iter().flatten().copied()
    }

    /// The same about the service as it runs now.
    pub(crate) fn attached_before(&self) -> impl Iterator<Item = &'a Evidence> + use<'a> {
        self.index.baseline.get(self.service).into_iter().flatten().copied()
    }

    /// What counts of this kind for the service, each source's latest document.
    pub(crate) fn evidence(&self, kind: Kind) -> Counted<'a> {
        let mut set_aside = Vec::new();
        let of_kind = self.attached().filter(|it| it.kinds.contains(&kind) && it.format != KNOWLEDGE);
        let candidates: Vec<&Evidence> = of_kind
            .filter(|it| match self.refusal(it, kind).or_else(|| self.objection(it)) {
                None => true,
                Some(why) => {
                    set_aside.push(format!("{} does not count: {why}", it.id));
                    false
                }
            })
            .collect();
        Counted { documents: latest(candidates), set_aside }
    }

    /// The same for what runs now.
    pub(crate) fn baseline(&self, kind: Kind) -> Vec<(EvidenceId, &'a Normal)> {
        let of_kind = |it: &&Evidence| it.kinds.contains(&kind) && it.format != KNOWLEDGE;
        latest(self.attached_before().filter(of_kind).collect())
    }

    /// Findings that follow from what was imported about vulnerabilities, one document for each artifact of the service:
    /// the control plane's own. They are made anew whenever something else follows, so they do not age, and nobody else
    /// can send one.
    pub(crate) fn knowledge(&self) -> Vec<(EvidenceId, &'a Normal)> {
        let own = |it: &&Evidence| it.by == CONTROL_PLANE && it.format == KNOWLEDGE;
        latest(self.attached().filter(own).collect())
    }

    /// Why it does not count as a document of this kind, whatever it is about.
    pub(crate) fn refusal(&self, it: &Evidence, kind: Kind) -> Option<String> {
        let is_trusted = self.senders.get(&kind).is_none_or(|senders| senders.contains(&it.by));
        (!is_trusted).then(|| format!("whoever sent it may not send {}", word(kind)))
    }

    /// Why a document of the right kind about the right thing does not count.
    pub(crate) fn objection(&self, it: &Evidence) -> Option<String> {
        if let Some(stranger) = it.subject.iter().find(|digest| !self.index.subjects.contains(digest)) {
            return Some(format!("it is about {stranger} too, which is not in the release"));
        }
        if let Some(max_age) = self.gate.max_age {
            let age = self.facts.at.duration_since(it.at);
            if age > SignedDuration::try_from(max_age.duration()).unwrap_or(SignedDuration::MAX) {
                return Some(format!("it is older than {max_age}"));
            }
        }
        if self.gate.independent && self.is_maker(&it.by) {
            return Some(
                "whoever sent it made the release, wrote or built what is in it, or asked for the rollout"
                    .to_owned(),
            );
        }
        None
    }

    /// Whether somebody of this name made the release or the service, so that their word is not independent.
    pub(crate) fn is_maker(&self, name: &str) -> bool {
        let made_service = |it: &Service| it.builder == name || it.registered_by.contains(name);
        let made = self.facts.makers.contains(name)
            || self.facts.services.get(self.service).is_some_and(made_service);
        made && !name.is_empty()
    }
}

impl Counted<'_> {
    pub(crate) fn ids(&self) -> Vec<EvidenceId> {
        self.documents.iter().map(|(id, _)| *id).collect()
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Tests => "test reports",
        Kind::Coverage => "coverage reports",
        Kind::Findings => "findings",
        Kind::Components => "lists of components",
        Kind::Statements => "VEX statements",
        Kind::Load => "load tests",
        Kind::Mutation => "mutation reports",
        Kind::Debt => "reports of debt",
        Kind::Changes => "changes",
        Kind::Attestations => "attestations",
        Kind::Contracts => "contracts",
    }
}

/// Format, tool, file name, subject, and between whom a pact is: documents that share them are one source's.
type Origin<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a BTreeSet<Digest>, Option<Pair<'a>>);
/// A consumer and a provider, and whether it is the verification of their pact.
type Pair<'a> = (&'a str, &'a str, bool);

/// A later document from the same tool about the same thing, in a file of the same name, takes the earlier one's place:
/// what it says now is what counts, for better or worse.
pub(crate) fn latest(evidence: Vec<&Evidence>) -> Vec<(EvidenceId, &Normal)> {
    let mut sources: BTreeMap<Origin<'_>, &Evidence> = BTreeMap::new();
    for it in evidence {
        let tool = it.normal.as_ref().and_then(|it| it.tool.as_deref());
        let source = (it.format.as_str(), tool, it.file_name.as_deref(), &it.subject, pair(it));
        let known = sources.entry(source).or_insert(it);
        if (known.at, known.id) <= (it.at, it.id) {
            *known = it;
        }
    }
    let mut documents: Vec<&Evidence> = sources.into_values().collect();
    documents.sort_by_key(|it| (it.at, it.id));
    documents.into_iter().filter_map(|it| Some((it.id, it.normal.as_deref()?))).collect()
}

/// A provider is verified against many pacts, and the results are called alike.
fn pair(evidence: &Evidence) -> Option<Pair<'_>> {
    match evidence.normal.as_ref()?.contracts.as_ref()?.first()? {
        Contract::Pact(it) => Some((&it.consumer, &it.provider, false)),
        Contract::PactVerification(it) => Some((&it.consumer, &it.provider, true)),
        _ => None,
    }
}
