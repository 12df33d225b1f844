//! What was attached, by what it is about.

pub mod seal;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::access::TokenScope;
use shipway_model::event::{Body, Event};
use shipway_model::evidence::{Attachment, STATEMENT};
use shipway_model::{Digest, EvidenceId};

use crate::{Code, Context, Rejection, State};

/// Most digests that one document may be about: the services of a large release.
pub const SUBJECTS_MAX: usize = 1000;
/// Most data sets over which one test may be said to have run.
const DATA_SETS_MAX: usize = 100;

#[derive(Debug, Clone, Default)]
pub struct Evidence {
    by_id: BTreeMap<EvidenceId, Attached>,
    /// In the order in which they came.
    by_subject: BTreeMap<Digest, Vec<EvidenceId>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    pub id: EvidenceId,
    pub evidence: Attachment,
    pub at: Timestamp,
    /// The identity that sent it.
    pub by: String,
}

impl Evidence {
    pub fn get(&self, id: EvidenceId) -> Option<&Attached> {
        self.by_id.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Attached> {
        self.by_id.values()
    }

    /// Everything that speaks of this digest, alone or among others, the earliest first.
    pub fn about(&self, subject: &Digest) -> impl Iterator<Item = &Attached> {
        self.by_subject.get(subject).into_iter().flatten().filter_map(|id| self.get(*id))
    }

    /// The same document about the same subject.
    pub fn find(&self, evidence: &Attachment) -> Option<&Attached> {
        let first = evidence.subject.first()?;
        self.about(first).find(|it| it.evidence == *evidence)
    }

    pub(crate) fn apply(&mut self, id: EvidenceId, evidence: &Attachment, event: &Event) {
        for subject in &evidence.subject {
            self.by_subject.entry(*subject).or_default().push(id);
        }
        let attached = Attached { id, evidence: evidence.clone(), at: event.at, by: event.actor.clone() };
        self.by_id.insert(id, attached);
    }
}

/// Attaching the same again changes nothing.
pub(crate) fn attach(
    state: &State,
    id: EvidenceId,
    evidence: &Attachment,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    if evidence.subject.is_empty() || evidence.subject.len() > SUBJECTS_MAX {
        let n = evidence.subject.len();
        return Err(Rejection::new(
            Code::InvalidEvidence,
            format!("evidence is about 1 to {SUBJECTS_MAX} digests, and this names {n}"),
        ));
    }
    let is_statement = evidence.format == STATEMENT;
    if is_statement != evidence.statement.is_some() || is_statement == evidence.normal.is_some() {
        return Err(Rejection::new(
            Code::InvalidEvidence,
            "a document either has a normal form or is a statement with issuer, scope and expiry",
        ));
    }
    if let Some(word) = &evidence.statement {
        for text in [&word.issuer, &word.scope] {
            if crate::decide::text(text)?.trim().is_empty() {
                return Err(Rejection::new(Code::InvalidEvidence, "issuer and scope say something"));
            }
        }
        if word.expires <= ctx.now {
            let message = format!("the statement expired at {}", word.expires);
            return Err(Rejection::new(Code::InvalidEvidence, message)
                .hint("ask its issuer for one that still counts"));
        }
    }
    check_seal(state, evidence, ctx)?;
    check_place(state, evidence)?;
    let strangers: Vec<String> = evidence
        .subject
        .iter()
        .filter(|digest| !is_known(state, digest))
        .map(|digest| format!("{digest} is neither a registered artifact nor a sealed release"))
        .collect();
    if !strangers.is_empty() {
        return Err(Rejection::new(Code::UnknownSubject, "the evidence is about something unknown")
            .faults(strangers)
            .hint("register the artifact with `shipway artifact register`, or seal the release, first"));
    }
    match state.evidence.find(evidence) {
        Some(_) => Ok(Vec::new()),
        None => Ok(vec![Body::EvidenceAttached { id, evidence: Box::new(evidence.clone()) }]),
    }
}

/// A signature that does not hold is refused, and not kept as none: whoever signs wants it to count.
fn check_seal(state: &State, evidence: &Attachment, ctx: &Context<'_>) -> Result<(), Rejection> {
    let Some(seal) = &evidence.seal else { return Ok(()) };
    let refused = |why: String| {
        Rejection::new(Code::InvalidEvidence, format!("the signature does not count: {why}")).hint(
            "a TrustRoot says who signs for whom: `shipway get trustroots`; `shipway apply` declares one",
        )
    };
    let signer = seal::signer(&state.catalogue, evidence, &seal.signature, ctx.now).map_err(refused)?;
    match signer == seal.signer {
        true => Ok(()),
        false => Err(refused(format!("it is {}'s and not {}'s", signer.identity, seal.signer.identity))),
    }
}

/// Where it ran is compared with what the environment declares, so it must be one that is declared.
fn check_place(state: &State, evidence: &Attachment) -> Result<(), Rejection> {
    let Some(ran) = &evidence.ran else { return Ok(()) };
    if let Some(name) = ran.environment.as_ref().filter(|it| state.catalogue.environment(it).is_none()) {
        return Err(Rejection::new(Code::UnknownEnvironment, format!("there is no environment {name}"))
            .hint("`shipway get environment` shows those there are"));
    }
    let n = ran.data.len();
    if n > DATA_SETS_MAX || (n == 0 && ran.environment.is_none()) {
        let message = format!("where it ran names an environment or 1 to {DATA_SETS_MAX} data sets");
        return Err(Rejection::new(Code::InvalidEvidence, message));
    }
    Ok(())
}

/// Whether an identity of this scope may send it: only what speaks of nothing but kinds that the scope names.
///
/// # Errors
/// It speaks of others too. They are named.
pub fn may_send(scope: &TokenScope, evidence: &Attachment) -> Result<(), Rejection> {
    if scope.evidence_kinds.is_empty() {
        return Ok(());
    }
    let allowed: BTreeSet<&str> = scope.evidence_kinds.iter().map(|it| it.as_str()).collect();
    let of_document = evidence.kind_names();
    let others: Vec<&str> =
        of_document.iter().map(String::as_str).filter(|it| !allowed.contains(it)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let (others, allowed) = (others.join(" and "), Vec::from_iter(allowed).join(" and "));
    let message = format!("the document speaks of {others}, and this token may send {allowed} alone");
    Err(Rejection::new(Code::EvidenceNotAllowed, message).hint(
        "send it with a token that may, or have one issued: `shipway token issue NAME --role builder --evidence KIND`",
    ))
}

fn is_known(state: &State, digest: &Digest) -> bool {
    state.artifacts.with_digest(digest).next().is_some() || state.releases.with_digest(digest).is_some()
}
