//! Which evidence counts for a gate, and why the rest does not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use shipway_model::contract::Contract;
use shipway_model::event::CONTROL_PLANE;
use shipway_model::evidence::{KNOWLEDGE, Kind, Normal};
use shipway_model::resource::policy::Gate;
use shipway_model::{Digest, EvidenceId, Name};

use crate::facts::{Evidence, Facts};

/// A gate's look at one service of the release.
pub(crate) struct View<'a> {
    pub(crate) facts: &'a Facts,
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
    /// What counts of this kind for the service, each source's latest document.
    pub(crate) fn evidence(&self, kind: Kind) -> Counted<'a> {
        let mut set_aside = Vec::new();
        let candidates: Vec<&Evidence> = self
            .facts
            .evidence
            .iter()
            .filter(|it| it.services.contains(self.service) && it.kinds.contains(&kind))
            .filter(|it| it.format != KNOWLEDGE)
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
        let of_service = |it: &&Evidence| {
            it.services.contains(self.service) && it.kinds.contains(&kind) && it.format != KNOWLEDGE
        };
        latest(self.facts.baseline.iter().filter(of_service).collect())
    }

    /// Findings that follow from what was imported about vulnerabilities, one document for each artifact of the service:
    /// the control plane's own. They are made anew whenever something else follows, so they do not age, and nobody else
    /// can send one.
    pub(crate) fn knowledge(&self) -> Vec<(EvidenceId, &'a Normal)> {
        let own = |it: &&Evidence| {
            it.services.contains(self.service) && it.by == CONTROL_PLANE && it.format == KNOWLEDGE
        };
        latest(self.facts.evidence.iter().filter(own).collect())
    }

    /// Why it does not count as a document of this kind, whatever it is about.
    pub(crate) fn refusal(&self, it: &Evidence, kind: Kind) -> Option<String> {
        let is_trusted = self.senders.get(&kind).is_none_or(|senders| senders.contains(&it.by));
        (!is_trusted).then(|| format!("whoever sent it may not send {}", word(kind)))
    }

    /// Why a document of the right kind about the right thing does not count.
    pub(crate) fn objection(&self, it: &Evidence) -> Option<String> {
        let in_release = self.digests();
        if let Some(stranger) = it.subject.iter().find(|digest| !in_release.contains(digest)) {
            return Some(format!("it is about {stranger} too, which is not in the release"));
        }
        if let Some(max_age) = self.gate.max_age {
            let age = self.facts.at.duration_since(it.at);
            if age > SignedDuration::try_from(max_age.duration()).unwrap_or(SignedDuration::MAX) {
                return Some(format!("it is older than {max_age}"));
            }
        }
        if self.gate.independent && self.makers().contains(it.by.as_str()) {
            return Some(
                "whoever sent it made the release, wrote or built what is in it, or asked for the rollout"
                    .to_owned(),
            );
        }
        None
    }

    fn digests(&self) -> BTreeSet<Digest> {
        let artifacts = self.facts.services.values().flat_map(|it| it.artifacts.iter().copied());
        artifacts.chain([self.facts.release.digest]).collect()
    }

    pub(crate) fn makers(&self) -> BTreeSet<&str> {
        let service = self.facts.services.get(self.service);
        let of_service = service
            .into_iter()
            .flat_map(|it| it.registered_by.iter().map(String::as_str).chain([it.builder.as_str()]));
        self.facts.makers.iter().map(String::as_str).chain(of_service).filter(|it| !it.is_empty()).collect()
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
